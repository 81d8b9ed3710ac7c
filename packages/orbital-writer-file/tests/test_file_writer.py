"""A file of samples: valid JSON whatever the value, and everything about a sample on its line."""

import math
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orbital_sdk import Layout, Row
from orbital_sdk.testing import check_writer, make_batch, make_layout, make_origin
from orbital_writer_file import File, FileConfig
from orbital_writer_file.lines import encode

NOW = 1_700_000_000_000


async def test_a_line_says_everything_about_a_sample(make, tmp_path, read, write):
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


def test_a_file_is_written_in_order():
    """After an outage too: people read it from top to bottom."""
    assert not File.takes_old_samples


TEXT = st.text(max_size=10)
SAMPLES = st.tuples(
    TEXT,
    st.dictionaries(TEXT, TEXT, max_size=3),
    st.floats(),
    st.integers(-(2**63), 2**63 - 1),
)


@given(st.lists(SAMPLES, max_size=8), st.booleans())
def test_lines_read_back_as_the_same_samples(strict, samples, own_times):
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


def test_numbers_that_json_lacks_are_strings(strict):
    """Infinities and NaN stand as the strings that Prometheus uses, and finite neighbours as numbers."""
    batch = make_batch([math.inf, -math.inf, math.nan, 1.0])
    assert [strict(line)["value"] for line in encode([batch]).splitlines()] == [
        "+Inf",
        "-Inf",
        "NaN",
        1.0,
    ]


def test_text_that_is_no_unicode_stays_readable(strict):
    """A lone surrogate, as Python makes of undecodable bytes, is escaped, and reads back the same."""
    layout = Layout(make_origin(), [Row("up", {"descr": 'a\udcff\n"\u2028'})])
    lines = encode([make_batch([1.0], layout=layout)])
    assert lines.count(b"\n") == 1
    assert strict(lines)["labels"]["descr"] == 'a\udcff\n"\u2028'


async def test_cached_texts_are_rebuilt_after_eviction(make, tmp_path, write):
    """Dropping a layout's caches changes nothing in the file."""
    layout = make_layout(3)
    before = encode([make_batch(3, layout=layout)])
    layout.caches.clear()
    assert encode([make_batch(3, layout=layout)]) == before
    assert encode([]) == b""
    assert write(await make(), make_batch([], layout=make_layout(0))) == 0
    assert not (tmp_path / "data").exists()


async def test_a_second_run_goes_on_in_the_same_file(make, tmp_path, read, write):
    """Starting again adds to what is there, and stopping twice is fine."""
    for value in (1, 2):
        writer = await make()
        write(writer, make_batch({"up": value}))
        await writer.stop()
        await writer.stop()
    assert [line["value"] for line in read(tmp_path / "data" / "samples.jsonl")] == [1, 2]


async def test_files_are_private(make, tmp_path, write):
    """Samples tell about the network: nobody else can read them, rotated and compressed ones included."""
    writer = await make(max_size="1kB", compress=True)
    for i in range(20):
        write(writer, make_batch(5, ts=NOW + i))
    await writer.stop()
    files = list((tmp_path / "data").iterdir())
    assert len(files) > 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


async def test_contract_of_writers(tmp_path, read):
    """The SDK's own suite."""
    path = tmp_path / "samples.jsonl"

    def stored():
        return [(line["name"], line["ts"], float(line["value"])) for line in read(path)]

    await check_writer(lambda: File(FileConfig(path=path)), stored=stored)
    assert not any(math.isnan(value) for _, _, value in stored())


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
