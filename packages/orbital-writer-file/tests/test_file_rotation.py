"""Rotation: files bounded in size and number, compressed if wanted, with no sample lost between them."""

import gzip

from orbital_sdk.testing import make_batch

NOW = 1_700_000_000_000


async def test_rotation_by_size_and_number(make, tmp_path, read, write):
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


async def test_one_write_is_never_split(make, tmp_path, read, write):
    """A write that is larger than max_size has a file of its own; a rotated empty one makes no sense."""
    writer = await make(max_size="1kB", max_files=2)
    write(writer, make_batch(100))
    write(writer, make_batch(200))
    folder = tmp_path / "data"
    assert len(read(folder / "samples.jsonl")) == 200
    assert len(read(folder / "samples.jsonl.1")) == 100


async def test_no_rotated_file_at_all(make, tmp_path, read, write):
    """max_files 0 keeps the current file alone."""
    writer = await make(max_size="1kB", max_files=0)
    for i in range(30):
        write(writer, make_batch([float(i)], ts=NOW + i))
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["samples.jsonl"]
    assert read(tmp_path / "data" / "samples.jsonl")[-1]["value"] == 29


async def test_fewer_files_after_a_change_of_settings(make, tmp_path, write):
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


async def test_compressed_files_hold_the_same_lines(make, tmp_path, write, strict):
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
