"""A file of samples: valid JSON whatever the value, complete when acknowledged, bounded on disk."""

import gzip
import json
import math
import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orbital_sdk import Attempt, Layout, Row, WriterMisconfigured, WriterUnavailable
from orbital_sdk.testing import check_writer, make_batch, make_layout, make_origin
from orbital_writer_file import File, FileConfig
from orbital_writer_file.lines import encode

NOW = 1_700_000_000_000


def strict(text: bytes | str) -> dict:
    """JSON as its standard has it: no NaN and no Infinity outside of strings."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def read(path: Path) -> list[dict]:
    content = path.read_bytes()
    assert not content or content.endswith(b"\n")
    return [strict(line) for line in content.splitlines()]


@pytest.fixture
async def make(tmp_path):
    """Starts writers of one file; stops them."""
    writers = []

    async def make(path: Path | None = None, **settings) -> File:
        path = path or tmp_path / "data" / "samples.jsonl"
        writers.append(File(FileConfig.model_validate({"path": str(path), **settings})))
        await writers[-1].start()
        return writers[-1]

    yield make
    for writer in writers:
        await writer.stop()


def write(writer: File, *batches, attempt: int = 1) -> int:
    return writer.write(batches, Attempt(attempt))


async def test_a_line_says_everything_about_a_sample(make, tmp_path):
    """Time, name, value, all labels, and where it comes from."""
    writer = await make()
    batch = make_batch([("temperature_celsius", {"room": "hall"}, 21.5)], ts=NOW)
    sent = write(writer, batch, make_batch({"up": 1}, ts=NOW + 1))
    path = tmp_path / "data" / "samples.jsonl"
    assert sent == path.stat().st_size
    assert read(path)[0] == {
        "ts": NOW,
        "name": "temperature_celsius",
        "value": 21.5,
        "labels": {"device_id": "device-1", "room": "hall"},
        "task": "task-1",
        "plugin": "test",
        "target": "device.example:1",
        "sentinel": "sentinel-1",
    }
    assert [(line["ts"], line["name"]) for line in read(path)[1:]] == [(NOW + 1, "up")]
    assert writer.address == str(path)


TEXT = st.text(max_size=10)


SAMPLES = st.tuples(
    TEXT,
    st.dictionaries(TEXT, TEXT, max_size=3),
    st.floats(),
    st.integers(-(2**63), 2**63 - 1),
)


@given(st.lists(SAMPLES, max_size=8), st.booleans())
def test_lines_read_back_as_the_same_samples(samples, own_times):
    """For any text, any double and any time: one line each, JSON by its standard, nothing lost in it."""
    layout = Layout(make_origin(), [Row(name, labels) for name, labels, _, _ in samples])
    values = [value for *_, value, _ in samples]
    times = [ts for *_, ts in samples]
    batch = make_batch(values, layout=layout, ts=NOW, times=times if own_times else None)
    lines = encode([batch, batch]).split(b"\n")
    assert lines.pop() == b""
    assert len(lines) == 2 * len(samples)
    for line, row, value, ts in zip(lines, layout.rows * 2, values * 2, times * 2, strict=True):
        got = strict(line)
        assert (got["name"], tuple(got["labels"].items())) == (row.name, row.labels)
        assert got["ts"] == (ts if own_times else NOW)
        back = float(got["value"])
        assert (
            math.isnan(back)
            if math.isnan(value)
            else (back, math.copysign(1, back))
            == (
                value,
                math.copysign(1, value),
            )
        )


def test_numbers_that_json_lacks_are_strings():
    """Infinities and NaN stand as the strings that Prometheus uses, and finite neighbours as numbers."""
    batch = make_batch([math.inf, -math.inf, math.nan, 1.0])
    assert [strict(line)["value"] for line in encode([batch]).splitlines()] == [
        "+Inf",
        "-Inf",
        "NaN",
        1.0,
    ]


def test_text_that_is_no_unicode_stays_readable():
    """A lone surrogate, as Python makes of undecodable bytes, is escaped, and reads back the same."""
    layout = Layout(make_origin(), [Row("up", {"descr": 'a\udcff\n"\u2028'})])
    lines = encode([make_batch([1.0], layout=layout)])
    assert lines.count(b"\n") == 1
    assert strict(lines)["labels"]["descr"] == 'a\udcff\n"\u2028'


async def test_a_second_run_goes_on_in_the_same_file(make, tmp_path):
    """Starting again adds to what is there, and stopping twice is fine."""
    for value in (1, 2):
        writer = await make()
        write(writer, make_batch({"up": value}))
        await writer.stop()
        await writer.stop()
    assert [line["value"] for line in read(tmp_path / "data" / "samples.jsonl")] == [1, 2]


async def test_files_are_private(make, tmp_path):
    """Samples tell about the network: nobody else can read them, rotated and compressed ones included."""
    writer = await make(max_size="1kB", compress=True)
    for i in range(20):
        write(writer, make_batch(5, ts=NOW + i))
    await writer.stop()
    files = list((tmp_path / "data").iterdir())
    assert len(files) > 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


async def test_rotation_by_size_and_number(make, tmp_path):
    """No file passes max_size, no more than max_files stay, and they hold the newest samples in order."""
    writer = await make(max_size="2kB", max_files=3)
    for i in range(100):
        write(writer, make_batch([float(i)], ts=NOW + i))
    names = sorted(file.name for file in (tmp_path / "data").iterdir())
    assert names == ["samples.jsonl", *(f"samples.jsonl.{n}" for n in (1, 2, 3))]
    files = [tmp_path / "data" / name for name in (*names[:0:-1], names[0])]
    assert all(file.stat().st_size <= 2000 for file in files)
    kept = [line["value"] for file in files for line in read(file)]
    assert kept == [float(i) for i in range(100 - len(kept), 100)]
    assert len(kept) > 30


async def test_one_write_is_never_split(make, tmp_path):
    """A write that is larger than max_size has a file of its own; a rotated empty one makes no sense."""
    writer = await make(max_size="1kB", max_files=2)
    write(writer, make_batch(100))
    write(writer, make_batch(200))
    folder = tmp_path / "data"
    assert len(read(folder / "samples.jsonl")) == 200
    assert len(read(folder / "samples.jsonl.1")) == 100


async def test_no_rotated_file_at_all(make, tmp_path):
    """max_files 0 keeps the current file alone."""
    writer = await make(max_size="1kB", max_files=0)
    for i in range(30):
        write(writer, make_batch([float(i)], ts=NOW + i))
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["samples.jsonl"]
    assert read(tmp_path / "data" / "samples.jsonl")[-1]["value"] == 29


async def test_fewer_files_after_a_change_of_settings(make, tmp_path):
    """Files beyond a smaller max_files go at the next rotation; strangers' files stay."""
    writer = await make(max_size="1kB", max_files=5)
    for i in range(60):
        write(writer, make_batch([float(i)], ts=NOW + i))
    await writer.stop()
    stranger = tmp_path / "data" / "samples.jsonl.old"
    stranger.write_text("mine")
    writer = await make(max_size="1kB", max_files=1)
    for i in range(10):
        write(writer, make_batch([float(i)], ts=NOW + i))
    names = {file.name for file in (tmp_path / "data").iterdir()}
    assert names == {"samples.jsonl", "samples.jsonl.1", "samples.jsonl.old"}


async def test_compressed_files_hold_the_same_lines(make, tmp_path):
    """Rotated files become .gz; nothing is lost on the way, and what a crash left is finished later."""
    writer = await make(max_size="2kB", max_files=50, compress=True)
    for i in range(100):
        write(writer, make_batch([float(i)], ts=NOW + i))
    writer._rotation.wait()
    await writer.stop()
    folder = tmp_path / "data"
    packed = folder / "samples.jsonl.1.gz"
    (folder / "samples.jsonl.1").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    (folder / "samples.jsonl.1.gz.part").write_bytes(b"half")
    writer = await make(max_size="2kB", max_files=50, compress=True)
    write(writer, make_batch([100.0], ts=NOW + 100))
    writer._rotation.wait()
    rotated = sorted(folder.glob("*.gz"), key=lambda file: -int(file.name.split(".")[2]))
    assert {file.name for file in folder.iterdir()} == {"samples.jsonl", *(f.name for f in rotated)}
    lines = b"".join(gzip.decompress(file.read_bytes()) for file in rotated)
    lines += (folder / "samples.jsonl").read_bytes()
    assert [strict(line)["value"] for line in lines.splitlines()] == [float(i) for i in range(101)]


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
async def test_torn_tail_is_repaired(make, tmp_path, torn, left):
    """After a crash the half line at the end is cut off; a whole one, or a stranger's, gets its newline."""
    path = tmp_path / "samples.jsonl"
    good = encode([make_batch({"up": 1.0})])
    path.write_bytes(good + torn)
    write(await make(path), make_batch({"up": 2.0}))
    assert path.read_bytes() == good + left + encode([make_batch({"up": 2.0})])


def test_killed_in_mid_write_leaves_only_whole_samples(tmp_path):
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


async def test_full_disk_keeps_and_recovers(make, full_disk):
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


def test_file_size_limit_leaves_no_half_line(tmp_path):
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


async def test_wrong_paths_are_for_a_person(make, tmp_path):
    """A folder, a file in the way, a device: the output pauses and says which path."""
    (tmp_path / "plain").write_text("")
    os.mkfifo(tmp_path / "pipe")
    for path, words in [
        (tmp_path, "is a directory"),
        (tmp_path / "plain" / "x.jsonl", "not a directory|file exists"),
        (tmp_path / "pipe", "no ordinary file"),
        (Path("/dev/full"), "no ordinary file"),
        (tmp_path / ("n" * 300), "name too long"),
    ]:
        with pytest.raises(WriterMisconfigured, match=words) as error:
            write(await make(path), make_batch())
        assert str(path) in str(error.value) or path.parent.name == "plain"


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


async def test_two_outputs_on_one_file(make, tmp_path):
    """A second writer of the same file is told so; after the first one stopped, it writes."""
    first, second = await make(), await make()
    write(first, make_batch({"up": 1}))
    with pytest.raises(WriterMisconfigured, match="another process or output"):
        write(second, make_batch({"up": 2}))
    await first.stop()
    write(second, make_batch({"up": 2}))
    assert [line["value"] for line in read(tmp_path / "data" / "samples.jsonl")] == [1, 2]


async def test_file_that_was_removed_or_moved_is_made_again(make, tmp_path):
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


async def test_cached_texts_are_rebuilt_after_eviction(make, tmp_path):
    """Dropping a layout's caches changes nothing in the file."""
    layout = make_layout(3)
    before = encode([make_batch(3, layout=layout)])
    layout.caches.clear()
    assert encode([make_batch(3, layout=layout)]) == before
    assert encode([]) == b""
    assert write(await make(), make_batch([], layout=make_layout(0))) == 0
    assert not (tmp_path / "data").exists()


async def test_contract_of_writers(tmp_path):
    """The SDK's own suite."""
    await check_writer(lambda: File(FileConfig(path=tmp_path / "samples.jsonl")))
    values = [line["value"] for line in read(tmp_path / "samples.jsonl")]
    assert "+Inf" in values
    assert "NaN" not in values


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"path": "x", "max_size": "10"},
        {"path": "x", "max_files": -1},
        {"path": "x", "fsink": True},
    ],
)
def test_bad_settings_are_refused(settings):
    """A missing path, a tiny size, a negative number, an unknown key."""
    with pytest.raises(ValidationError):
        FileConfig.model_validate(settings)
