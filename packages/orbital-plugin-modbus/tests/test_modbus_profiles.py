"""Shipped profiles, against devices filled as their specifications say; and profiles of one's own."""

from __future__ import annotations

import struct

import pytest
from pydantic import ValidationError

from orbital_plugin_modbus import ModbusConfig
from orbital_plugin_modbus.profile import load_profile, shipped
from orbital_sdk import UnexpectedReply

NOT_THERE = {"uint16": 0xFFFF, "int16": 0x8000}


def words(text: str, registers: int) -> list[int]:
    return list(struct.unpack(f">{registers}H", text.encode().ljust(registers * 2, b"\0")))


def content(table: str, start: int, registers: list[int]) -> str:
    return f"{table} {start} {' '.join(str(each & 0xFFFF) for each in registers)}"


def floats(*values: float) -> list[int]:
    return list(struct.unpack(f">{len(values) * 2}H", struct.pack(f">{len(values)}f", *values)))


@pytest.mark.parametrize("name", shipped())
def test_each_says_where_it_is_from(name):
    """A title and a public source; and a map that is accepted."""
    profile = load_profile(name)
    assert "http" in profile.source
    assert profile.title
    assert ModbusConfig(profile=name).map.fields


async def test_sunspec_common(collect, start_modbus):
    """Model 1: the texts become labels."""
    block = [1, 66, *words("Acme", 16), *words("Sun 5", 16), *words("", 8), *words("1.2", 8)]
    block += [*words("SN-0042", 16), 0xFFFF, 0x8000]
    server = start_modbus([content("holding", 40002, block)])
    collection = await collect(
        {"host": server.host, "port": server.port}, {"profile": "sunspec-common"}
    )
    assert collection.error is None
    assert collection.value("sunspec_manufacturer_info", manufacturer="Acme") == 1
    assert collection.value("sunspec_model_info", model="Sun 5") == 1
    assert collection.value("sunspec_serial_number_info", serial_number="SN-0042") == 1
    assert collection.value("modbus_invalid_fields") == 1
    assert "sunspec_device_address" not in collection.names


def three_phase() -> list[int]:
    """Model 103 as its specification lays it out, three values not implemented."""
    return [
        103, 50, 301, 100, 101, 100, -1, 4000, 4010, 4020, 2301, 2302, 0xFFFF, -1, 6900, 0, 5001, -2,
        6950, 0, -20, 0, 9950, -2, 0, 12345, 1, 0xFFFF, 0x8000, 7000, -1, 7100, 0, 451, 0x8000, 0x8000,
        0x8000, -1, 4, 7, 0, 0b101, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]  # fmt: skip


@pytest.mark.parametrize("base", [40070, 40069])
async def test_sunspec_inverter(collect, start_modbus, base):
    """Model 103: integers by their scale factors, in one request."""
    server = start_modbus([content("holding", base, three_phase())])
    device = {"host": server.host, "port": server.port}
    collection = await collect(device, {"profile": "sunspec-inverter", "base": base})
    assert collection.error is None
    assert len(server.asked) == 1
    for name, labels, value in (
        ("ac_current_amperes", {}, 30.1), ("ac_phase_current_amperes", {"phase": "b"}, 10.1),
        ("ac_line_voltage_volts", {"phases": "ca"}, 402.0), ("ac_power_watts", {}, 6900),
        ("ac_frequency_hertz", {}, 50.01), ("ac_reactive_power_vars", {}, -20),
        ("ac_power_factor_ratio", {}, 0.995), ("ac_energy_watthours_total", {}, 123450),
        ("dc_voltage_volts", {}, 700.0), ("temperature_celsius", {"place": "cabinet"}, 45.1),
        ("operating_state", {"state": "mppt"}, 1), ("operating_state", {"state": "fault"}, 0),
        ("event", {"event": "ground_fault"}, 1), ("event", {"event": "dc_over_volt"}, 0),
        ("event", {"event": "ac_disconnect"}, 1),
    ):  # fmt: skip
        assert collection.value(f"sunspec_{name}", **labels) == pytest.approx(value), name
    phases = [s.series for s in collection.samples if "phase_voltage" in s.series.metric.name]
    assert len(phases) == 2  # the third is not implemented
    assert "sunspec_dc_current_amperes" not in collection.names


async def test_a_wrong_base_is_no_measurement(collect, start_modbus):
    """Where the model's id does not stand the device is another one: nothing is taken from it."""
    server = start_modbus([content("holding", 40070, three_phase())])
    device = {"host": server.host, "port": server.port}
    collection = await collect(device, {"profile": "sunspec-inverter", "base": 40071})
    assert isinstance(collection.error, UnexpectedReply)
    assert "is 50, not 101 or 102 or 103: is this the right device, profile and base?" in str(
        collection.error
    )
    assert not [name for name in collection.names if name.startswith("sunspec_")]


async def test_sunspec_inverter_in_floats(collect, start_modbus):
    """Model 111 to 113: NaN where there is nothing."""
    nan = float("nan")
    values = floats(
        *[30.5, 10.25, nan, nan, *[nan] * 3, 230.5, nan, nan, 6900.0, 50.0, *[nan] * 2, 99.5]
    )
    server = start_modbus(
        [content("holding", 40070, [111, 60, *values]), content("holding", 40118, [2, 0xFFFF])]
    )
    device = {"host": server.host, "port": server.port}
    collection = await collect(device, {"profile": "sunspec-inverter-float"})
    assert collection.value("sunspec_ac_current_amperes") == 30.5
    assert collection.value("sunspec_ac_phase_voltage_volts", phase="a") == 230.5
    assert collection.value("sunspec_ac_power_watts") == 6900
    assert collection.value("sunspec_operating_state", state="sleeping") == 1


async def test_energy_meter(collect, start_modbus):
    """Floats in input registers; energy in watt-hours."""
    server = start_modbus(
        [
            content("input", 0, floats(230, 231, 232, 1, 2, 3, 230, 460, 690)),
            content("input", 52, floats(1380)),
            content("input", 70, floats(50, 12.5, 0.25)),
            content("input", 200, floats(400, 401, 402)),
        ]
    )
    collection = await collect(
        {"host": server.host, "port": server.port}, {"profile": "energy-meter"}
    )
    assert collection.error is None
    assert collection.value("meter_voltage_volts", phase="l3") == 232
    assert collection.value("meter_total_power_watts") == 1380
    assert collection.value("meter_energy_watthours_total", direction="import") == 12500
    assert collection.value("meter_line_voltage_volts", phases="l3-l1") == 402


async def test_a_profile_of_ones_own(collect, start_modbus, tmp_path):
    """A file of the user's, with fields of the task and labels beside it."""
    path = tmp_path / "pump.yaml"
    path.write_text(
        "title: Pump\nsource: its manual\norder: CDAB\nbase: 100\n"
        "registers:\n- {name: pump_flow, address: 0, type: uint32, scale: 0.1}\n"
    )
    server = start_modbus(["holding 100 16 1", "holding 7 70"])
    config = {"profile": str(path), "registers": [{"address": 7}], "labels": {"hall": "3"}}
    collection = await collect({"host": server.host, "port": server.port}, config)
    assert collection.value("pump_flow", hall="3") == pytest.approx(6555.2)
    assert collection.value("modbus_register_7", hall="3") == 70


def test_a_file_that_changed_makes_other_settings(tmp_path):
    """So that a reload takes it; an unchanged one leaves the tasks alone."""
    path = tmp_path / "pump.yaml"
    text = "title: Pump\nsource: its manual\nregisters: [{address: 0}]\n"
    path.write_text(text)
    before = ModbusConfig(profile=str(path))
    assert before == ModbusConfig(profile=str(path))
    path.write_text(text.replace("0}", "1}"))
    assert before != ModbusConfig(profile=str(path))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title: x\nsource: y\nregisters: []\n", ":1: there is nothing in registers"),
        ("title: x\nregisters: [{address: 0}]\n", ":1: source: "),
        ("title: x\nsource: y\nregisters:\n- {address: 1}\n- {address: 70000}\n", ":5: registers[1].address"),
        ("title: x\nsource: y\nregisters: [{address: 1, typ: int16}]\n",
         ":3: registers[0].typ: unknown key; did you mean type?"),
        ("title: x\nsource: y\nregisters:\n- {address: 1, type: int32}\n- {address: 2}\n",
         ":5: registers[1]: modbus_register_2 (holding 2) overlaps modbus_register_1"),
        ("title: x\nsource: y\nregisters: [{address: 1, typ: int16}]\nordr: ABCD\n",
         ":3: registers[0].typ: unknown key; did you mean type?; the profile PATH:4: ordr: unknown key"),
        ("title: [\n", ":1: not readable as YAML: "),
        ("- 1\n", ":1: "),
        ("", ":1: "),
    ],
)  # fmt: skip
def test_a_profile_that_cannot_be(tmp_path, text, words):
    """The file, the line and the place in it are named."""
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(ValidationError) as caught:
        ModbusConfig(profile=str(path))
    assert f"the profile {path}{words.replace('PATH', str(path))}" in str(caught.value)
    assert caught.value.errors()[0]["loc"] == ("profile",)


def test_no_such_profile(tmp_path):
    """The shipped ones are named; a missing file is named."""
    with pytest.raises(ValidationError, match="shipped are energy-meter"):
        ModbusConfig(profile="sunspec")
    with pytest.raises(ValidationError, match=r"missing.yaml cannot be read: No such file"):
        ModbusConfig(profile=str(tmp_path / "missing.yaml"))
