"""`sentinel validate --buffer`: everything about the folder that would spoil the buffer, before it does."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orbital_runtime.settings import BufferSection
from orbital_runtime_testing.buffer.images import listing, make_image
from orbital_sentinel.buffer.check import check_buffer
from orbital_sentinel.buffer.volume import file_system, syncs_per_second
from orbital_testbench import SOMEBODY, without_rights


def found(path, **section):
    settings = BufferSection.model_validate({"type": "disk", "disk_path": str(path)} | section)
    return {check.check: check for check in check_buffer(settings)}


@pytest.fixture
def image(tmp_path):
    make_image(tmp_path / "buffer")
    return tmp_path / "buffer"


def test_a_good_folder(image):
    """All is well with a buffer that is there, and looking changes nothing in it."""
    before = listing(image)
    result = found(image)
    assert {
        name: check.result for name, check in result.items() if name != "file system"
    } == dict.fromkeys(("folder", "permissions", "format", "in use", "space", "sync"), "ok")
    assert listing(image) == before


def test_a_folder_that_is_not_there_yet(tmp_path):
    """It is not made either; what is checked is the place where it would be."""
    result = found(tmp_path / "a" / "b")
    assert f"it will be made in {tmp_path}" in result["folder"].message
    assert result["sync"].result == "ok"
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_its_place(tmp_path):
    """A file is not a folder."""
    (tmp_path / "buffer").write_text("")
    assert found(tmp_path / "buffer")["folder"].result == "failed"


def test_a_link_to_nowhere(tmp_path):
    """The disk behind it is not mounted, for instance: no folder can be made there, so a start would fail."""
    (tmp_path / "buffer").symlink_to(tmp_path / "gone" / "buffer")
    for path in (tmp_path / "buffer", tmp_path / "buffer" / "below"):
        assert found(path)["folder"].result == "failed"


def checked(machine, folder: Path) -> subprocess.CompletedProcess[str]:
    """What `validate --buffer` says of this folder to somebody without root's rights."""
    machine.config(f"buffer: {{type: disk, disk_path: {folder}}}")
    return subprocess.run(
        [*without_rights(), sys.executable, "-m", "orbital_sentinel", "validate", "--buffer"],
        cwd=machine.work, env=machine.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_folder_that_another_user_hides(machine):
    """Service folders are closed: whoever looks as somebody else is told so, in a table like any other."""
    root, closed = os.geteuid() == 0, machine.work / "closed"
    closed.mkdir(mode=0o700 if root else 0)
    if root:
        os.chown(closed, SOMEBODY, SOMEBODY)
    done = checked(machine, closed / "below" / "it")
    closed.chmod(0o700)
    assert (done.returncode, done.stderr) == (1, "")
    assert "may not look at" in done.stdout


def test_a_folder_of_somebody_else(tmp_path):
    """Something else is in it: it would be closed to everybody else, so it is refused, by name."""
    (tmp_path / "buffer").mkdir()
    (tmp_path / "buffer" / "letters.odt").write_text("")
    check = found(tmp_path / "buffer")["format"]
    assert (check.result, "letters.odt is in it" in check.message) == ("failed", True)


def test_a_file_system_that_is_read_only(mount_disk):
    """Said as that, and not as a right that somebody lacks."""
    disk = mount_disk(1 << 20)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    check = found(disk / "buffer")["permissions"]
    assert (check.result, "read-only" in check.message) == ("failed", True)


def test_a_newer_format(image):
    """A later version wrote it: said, with what to do."""
    (image / "format").write_text("orbital-sentinel disk buffer, format 9\n")
    check = found(image)["format"]
    assert check.result == "failed"
    assert "format 9" in check.message


def test_an_agent_has_it(image):
    """That is not a fault; the process is named."""
    handle = os.open(image / "lock", os.O_RDWR)
    os.pwrite(handle, b"4711\n", 0)
    os.ftruncate(handle, 5)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        check = found(image)["in use"]
    finally:
        os.close(handle)
    assert check.result == "ok"
    assert "process 4711" in check.message


def test_too_little_room(image):
    """Less than min_free fails; no room to grow to buffer.bytes is a warning."""
    assert found(image, min_free="500TiB")["space"].result == "failed"
    assert found(image, bytes="500TiB")["space"].result == "warning"


def test_others_may_look_in(image):
    """Samples may be private: 0700 is right."""
    image.chmod(0o755)
    assert "0755" in found(image)["permissions"].message


def test_no_permission(machine, image):
    """Whose it is and who asks; what could only be tried by writing is not."""
    image.chmod(0o500)
    done = checked(machine, image)
    assert (done.returncode, done.stderr) == (1, "")
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line}
    assert " failed " in rows["permissions"]
    assert "sync" not in rows


@pytest.mark.parametrize(
    ("mount", "kind"), [("/", "ext4"), ("/data", "nfs4"), ("/data/with space", "tmpfs")]
)
def test_the_file_system_is_that_of_the_nearest_mount(tmp_path, mount, kind):
    """As /proc/self/mountinfo tells, spaces escaped."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "30 22 0:40 / /data rw shared:2 master:1 - nfs4 server:/export rw\n"
        "31 30 0:41 / /data/with\\040space rw - tmpfs tmpfs rw\n"
    )
    folder = Path(mount) / "below" / "it"
    assert file_system(folder, mounts) == kind
    assert file_system(folder, tmp_path / "missing") == ""


def test_syncs_leave_nothing_behind(tmp_path):
    """They are counted, and the file is gone."""
    assert syncs_per_second(tmp_path) > 0
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OSError, match="No such file"):
        syncs_per_second(tmp_path / "missing")


def test_syncs_do_not_fill_a_disk_that_is_fast_and_small(mount_disk):
    """A mebibyte is enough."""
    disk = mount_disk(1 << 20)
    assert syncs_per_second(disk) > 0
    assert list(disk.iterdir()) == []


def test_the_command(machine):
    """A table after what would run, `buffer` in JSON, and exit code 1 where it would not work."""
    machine.config("buffer: {type: disk, disk_path: ./b}\ntasks: []\n")
    done = machine.sentinel("validate", "--buffer")
    assert done.code == 0
    assert "BUFFER" in done.out.upper()
    assert [line for line in done.out.splitlines() if line.startswith("folder")]
    told = machine.sentinel("validate", "--buffer", "--output", "json").data
    assert told["buffer"][0]["check"] == "folder"
    assert not (machine.work / "b").exists()
    machine.environ["SENTINEL_BUFFER__MIN_FREE"] = "500TiB"
    assert machine.sentinel("validate", "--buffer").code == 1
    assert machine.sentinel("validate").code == 0
