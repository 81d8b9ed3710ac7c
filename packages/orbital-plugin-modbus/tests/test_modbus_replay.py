"""Recorded registers in place of a device, and the text that they are recorded in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_plugin_modbus.config import ModbusConfig
from orbital_plugin_modbus.device import ModbusDevice
from orbital_plugin_modbus.exceptions import Refused
from orbital_plugin_modbus.recording import Cell, read_recording, recorded
from orbital_plugin_modbus.replay import RecordedLink, RegistersReplay
from orbital_plugin_modbus.tables import TABLES, Read
from orbital_sdk import ConfigurationError, PartialCollect
from orbital_sdk.testing import Runs

METER = """\
# a meter
holding 0: 00e6 01f4
unit 2 holding 0: 00e7
input 100: 41cc 0000   # 25.5
coil 7: 1 0
"""
REGISTERS = [
    {"name": "volts", "address": 0, "type": "uint16", "table": "holding"},
    {"name": "amperes", "address": 1, "type": "uint16", "table": "holding"},
    {"name": "celsius", "address": 100, "type": "float32", "table": "input"},
    {"name": "pump", "address": 8, "table": "coil"},
]


@pytest.fixture
def replayed(tmp_path):
    """One collection of a recording."""

    async def run(text, registers=REGISTERS, unit=1):
        file = tmp_path / "meter.registers"
        file.write_text(text)
        fields = {"host": "192.0.2.1", "unit_id": unit, "connect_delay": 60, "request_delay": 60}
        config = ModbusConfig.model_validate({"registers": registers})
        plugin = RegistersReplay(config, file)
        runs = Runs(plugin, ModbusDevice.model_validate(fields))
        await plugin.start(runs.host)
        collection = await runs.collect()
        await runs.close()
        await plugin.stop()
        return collection

    return run


@given(
    st.sampled_from(["holding", "input", "coil"]), st.integers(0, 65535 - 40),
    st.lists(st.integers(0, 65535), min_size=1, max_size=40), st.integers(0, 255),
)  # fmt: skip
def test_what_was_recorded_is_read(table, start, values, unit):
    """Every answer of a device is the same from its recording, for its unit alone."""
    read = Read(TABLES[table], start, len(values))
    if read.table.bits:
        bits = sum((value & 1) << place for place, value in enumerate(values))
        data = bits.to_bytes(read.size, "little")
    else:
        data = b"".join(value.to_bytes(2, "big") for value in values)
    link = RecordedLink(read_recording(recorded(unit, read, data)))
    assert answer(link, unit, read) == data
    with pytest.raises(Refused):
        answer(link, unit + 1, read)


def answer(link, unit, read):
    """What a link says; it does not wait."""
    try:
        link.read(unit, read, 1.0).send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError


async def test_a_task(replayed):
    """The whole map through the plugin; pauses that a device needs are not made."""
    found = await replayed(METER)
    assert found.error is None
    assert found.value("volts", unit_id="1") == 230
    assert found.value("amperes") == 500
    assert found.value("celsius") == 25.5
    assert found.value("pump") == 0


async def test_what_is_missing(replayed):
    """What was not recorded is as an address that a device does not have, and the rest is read."""
    found = await replayed(METER, REGISTERS[:2], unit=2)
    assert found.value("volts", unit_id="2") == 231
    assert found.value("amperes") == 500
    found = await replayed("holding 0: 00e6\n", REGISTERS[:2])
    assert isinstance(found.error, PartialCollect)
    assert "illegal data address" in str(found.error)
    assert found.value("volts") == 230


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("holding: 1", "line 2: write a line like"),
        ("holdin 0: 1", "the tables are coil, discrete, holding, input"),
        ("holding 0: 12345", "'12345' is not a register"),
        ("coil 0: 2", "'2' is not a bit"),
        ("holding 65535: 1 2", "the last address is 65535"),
    ],
)
async def test_a_line_that_is_none(replayed, line, words):
    """The line is named, and what is right."""
    with pytest.raises(ConfigurationError, match=words):
        await replayed(f"holding 0: 1\n{line}\n")


def test_no_file(tmp_path):
    """A file that is not there is named."""
    with pytest.raises(ConfigurationError, match="No such file"):
        RegistersReplay(ModbusConfig(profile="sunspec-inverter"), tmp_path / "nothing.registers")


def test_units():
    """A register of one unit is not that of all."""
    assert read_recording("unit 3 holding 1: a") == {Cell(3, "holding", 1): 10}
