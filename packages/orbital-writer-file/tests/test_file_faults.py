"""What goes wrong with a file: crashes, full disks, wrong paths, other writers, files moved away."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from orbital_sdk import WriterMisconfigured, WriterUnavailable
from orbital_sdk.testing import make_batch
from orbital_writer_file import File, FileConfig
from orbital_writer_file.lines import encode


@pytest.mark.parametrize(
    ("torn", "left"),
    [
        (b'{"ts":17', b""),
        (b'{"t', b""),
        (b'{"ts":1,"name":"a","value":1.0,"labels":{}', b""),
        (b'{"ts":1,"name":"a"' + b"\0" * 5000, b""),
        (b"\0" * 5000, b""),
        (
            b'{"ts":1,"name":"a","value":1.0,"labels":{}}',
            b'{"ts":1,"name":"a","value":1.0,"labels":{}}\n',
        ),
        (b"somebody else's last line", b"somebody else's last line\n"),
        (b'{"ts":' + b"x" * (2 << 20), b'{"ts":' + b"x" * (2 << 20) + b"\n"),
    ],
    ids=lambda value: repr(value[:24]),
)
async def test_torn_tail_is_repaired(make, tmp_path, torn, left, write):
    """After a crash the half line at the end is cut off; a whole one, or a stranger's, gets its newline."""
    path = tmp_path / "samples.jsonl"
    good = encode([make_batch({"up": 1.0})])
    path.write_bytes(good + torn)
    write(await make(path), make_batch({"up": 2.0}))
    assert path.read_bytes() == good + left + encode([make_batch({"up": 2.0})])


def test_killed_in_mid_write_leaves_only_whole_samples(tmp_path, read, write):
    """Kill -9 at any moment: every acknowledged batch is there, and every line reads."""
    path = tmp_path / "samples.jsonl"
    program = textwrap.dedent("""
        import sys
        from orbital_sdk import Attempt
        from orbital_sdk.testing import make_batch, make_layout
        from orbital_writer_file import File, FileConfig
        writer, layout = File(FileConfig(path=sys.argv[1], fsync=False)), make_layout(241)
        for i in range(1_000_000):
            writer.write([make_batch([float(i)] * 241, layout=layout)], Attempt())
            print(i, flush=True)
    """)
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
    ) as run:
        acknowledged = [int(run.stdout.readline()) for _ in range(300)]
        run.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in run.stdout.read().splitlines() if line]
    writer = File(FileConfig(path=path))
    write(writer, make_batch({"last": 1.0}))
    writer._close()
    lines = read(path)
    assert lines.pop()["name"] == "last"
    counts = [0] * (len(acknowledged) + 1)
    for line in lines:
        counts[int(line["value"])] += 1
    assert counts[: len(acknowledged)] == [241] * len(acknowledged)


async def test_full_disk_keeps_and_recovers(make, full_disk, read, write):
    """A full disk is `WriterUnavailable`; nothing half written stays, and it goes on when there is room."""
    writer = await make(full_disk / "samples.jsonl")
    ballast = full_disk / "ballast"
    ballast.write_bytes(bytes(40 << 10))
    with pytest.raises(WriterUnavailable, match=r"no space left.*free some space"):
        write(writer, make_batch(500))
    write(writer, make_batch(2))
    assert len(read(full_disk / "samples.jsonl")) == 2
    ballast.unlink()
    write(writer, make_batch(150), attempt=2)
    assert len(read(full_disk / "samples.jsonl")) == 152


def test_file_size_limit_leaves_no_half_line(tmp_path, read):
    """Where the system limits a file's size, a write that does not fit leaves the file as it was."""
    program = textwrap.dedent("""
        import resource, sys
        from orbital_sdk import Attempt, WriterUnavailable
        from orbital_sdk.testing import make_batch
        from orbital_writer_file import File, FileConfig
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        writer = File(FileConfig(path=sys.argv[1]))
        writer.write([make_batch(20)], Attempt())
        try:
            writer.write([make_batch(100)], Attempt())
        except WriterUnavailable as error:
            print(error)
    """)
    path = tmp_path / "samples.jsonl"
    run = subprocess.run(
        [sys.executable, "-c", program, path], check=True, text=True, stdout=subprocess.PIPE
    )
    assert "file too large" in run.stdout
    assert len(read(path)) == 20


async def test_wrong_paths_are_for_a_person(make, tmp_path, write):
    """A folder, a file in the way, a device: the output pauses and says which path."""
    (tmp_path / "plain").write_text("")
    os.mkfifo(tmp_path / "pipe")
    for path, words in [
        (tmp_path, "is a directory"),
        (tmp_path / "plain" / "x.jsonl", "not a directory|file exists"),
        (tmp_path / "pipe", "not a regular file"),
        (Path("/dev/full"), "not a regular file"),
        (tmp_path / ("n" * 300), "name too long"),
    ]:
        with pytest.raises(WriterMisconfigured, match=words) as error:
            write(await make(path), make_batch())
        assert str(path) in str(error.value) or path.parent.name == "plain"


async def test_who_asks_hears_of_wrong_paths_and_changes_nothing(make, tmp_path, read, write):
    """As a write would meet them; where all is well no file is made, and one that is there stays as it is."""
    (tmp_path / "plain").write_text("")
    os.mkfifo(tmp_path / "pipe")
    for path in (
        tmp_path,
        tmp_path / "plain" / "x.jsonl",
        tmp_path / "pipe",
        Path("/dev/full"),
        tmp_path / ("n" * 300),
    ):
        with pytest.raises(WriterMisconfigured, match="look at path"):
            (await make(path)).test_connection()
    assert (
        await make(tmp_path / "a" / "b.jsonl")
    ).test_connection() == f"{tmp_path / 'a'} can be made"
    there = await make(tmp_path / "there.jsonl")
    write(there, make_batch({"up": 1}))
    before = (tmp_path / "there.jsonl").stat()
    assert there.test_connection() == f"{tmp_path} takes files"
    assert (tmp_path / "there.jsonl").stat() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["pipe", "plain", "there.jsonl"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_no_permission_is_for_a_person(tmp_path):
    """Without the right to write there the output pauses; nothing is thrown away."""
    program = textwrap.dedent("""
        import os, sys
        from orbital_sdk import Attempt, WriterMisconfigured
        from orbital_sdk.testing import make_batch
        from orbital_writer_file import File, FileConfig
        os.setgid(65534), os.setuid(65534)
        try:
            File(FileConfig(path=sys.argv[1])).write([make_batch()], Attempt())
        except WriterMisconfigured as error:
            print(error)
    """)
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    path = folder / "samples.jsonl"
    run = subprocess.run(
        [sys.executable, "-c", program, path], check=True, text=True, stdout=subprocess.PIPE
    )
    assert run.stdout.startswith(str(folder))
    assert "permission denied; look at path" in run.stdout


async def test_two_outputs_on_one_file(make, tmp_path, read, write):
    """A second writer of the same file is told so; after the first one stopped, it writes."""
    first, second = await make(), await make()
    write(first, make_batch({"up": 1}))
    with pytest.raises(WriterMisconfigured, match="another process or output"):
        write(second, make_batch({"up": 2}))
    await first.stop()
    write(second, make_batch({"up": 2}))
    assert [line["value"] for line in read(tmp_path / "data" / "samples.jsonl")] == [1, 2]


async def test_file_that_was_removed_or_moved_is_made_again(make, tmp_path, read, write):
    """Whoever removes or moves the file away loses no sample that is acknowledged later."""
    writer = await make()
    path = tmp_path / "data" / "samples.jsonl"
    write(writer, make_batch({"up": 1}))
    path.rename(path.with_name("moved"))
    write(writer, make_batch({"up": 2}))
    assert [line["value"] for line in read(path)] == [2]
    path.unlink()
    path.parent.joinpath("moved").unlink()
    path.parent.rmdir()
    write(writer, make_batch({"up": 3}))
    assert [line["value"] for line in read(path)] == [3]
