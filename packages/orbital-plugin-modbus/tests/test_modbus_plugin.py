"""The plugin as the agent meets it: contract, names, texts, states, TLS."""

from __future__ import annotations

import pytest

from orbital_plugin_modbus import Modbus, ModbusConfig, ModbusDevice
from orbital_sdk import ConfigurationError, DeviceUnreachable
from orbital_sdk.testing import check_plugin, make_context
from orbital_testbench import free_port

MAP = {
    "registers": [
        {"address": 0},
        {"address": 1, "type": "uint8h", "help": "A byte"},
        {"address": 2, "name": "mode", "states": {0: "off", 1: "on"}},
        {"address": 3, "bit": 2},
        {"address": 0, "table": "input", "kind": "counter", "name": "pulses_total"},
        {"address": 9, "table": "coil"},
        {"address": 9, "table": "discrete"},
    ]
}


async def test_contract(start_modbus):
    """What every plugin promises the agent, with a secret in the fields."""
    server = start_modbus(["holding 0 1 513 1 4"])
    away = {"host": "127.0.0.1", "port": free_port(), "request_timeout": 1}
    await check_plugin(Modbus, {"host": server.host, "port": server.port}, MAP, unreachable=away)


async def test_names_left_out(collect, start_modbus):
    """Defaults by table and address, as the plugin guide has them."""
    server = start_modbus(["holding 0 7 513 1 4", "input 0 5", "coil 9 1"])
    collection = await collect({"host": server.host, "port": server.port}, MAP)
    assert collection.error is None
    assert collection.value("modbus_register_0", unit_id="1") == 7
    assert collection.value("modbus_register_1_high") == 2
    assert collection.value("modbus_register_3_bit_2") == 1
    assert collection.value("pulses_total") == 5
    assert collection.value("modbus_coil_9") == 1
    assert collection.value("modbus_discrete_input_9") == 0
    assert collection.value("mode", state="on") == 1


async def test_states_and_texts(collect, start_modbus):
    """A state as a label or as a set, one that the map does not know, and text in a label of choice."""
    states = {0: "off", 1: "on"}
    registers = [
        {"address": 0, "name": "as_label", "states": states},
        {
            "address": 1,
            "name": "as_set",
            "states": states,
            "states_as": "set",
            "text_label": "mode",
        },
        {"address": 2, "name": "unknown", "states": states},
        {"address": 3, "name": "unknown_set", "states": states, "states_as": "set"},
        {"address": 4, "name": "words", "type": "string", "length": 4, "text_label": "serial"},
        {"address": 6, "name": "gone", "states": states, "invalid": 9},
    ]
    server = start_modbus(["holding 0 1 1 77 77 20299 16640 9"])
    collection = await collect({"host": server.host, "port": server.port}, {"registers": registers})
    assert collection.value("as_label", state="on") == 1
    assert [collection.value("as_set", mode=mode) for mode in ("off", "on")] == [0, 1]
    assert collection.value("unknown", state="77") == 1
    assert [collection.value("unknown_set", state=state) for state in ("off", "on")] == [0, 0]
    assert collection.value("words", serial="OKA") == 1
    assert "gone" not in collection.names


async def test_a_value_that_comes_and_goes(start_modbus, opened):
    """The series of what is there stay the very same: what is behind the plugin keeps them."""
    server = start_modbus(["holding 0 1 65535 3"])
    registers = [{"address": n, "invalid": 0xFFFF} for n in range(3)]
    plugin = Modbus(ModbusConfig.model_validate({"registers": registers}))
    session = await opened(plugin, ModbusDevice(host=server.host, port=server.port))
    first, second = [await session.collect(make_context()) for _ in range(2)]
    assert all(a is b for a, b in zip(first.series, second.series, strict=True))
    assert first.values == [1, 3, 1, 1]  # two registers, one request, one invalid field
    await plugin.stop()


async def test_a_scale_factor_that_is_not_there(collect, start_modbus):
    """Without it the number means nothing, so there is none; and a mad one is not a crash."""
    registers = [
        {"address": 0, "name": "power", "exponent": "sf"},
        {"address": 1, "name": "sf", "type": "int16", "invalid": 0x8000, "hidden": True},
        {"address": 2, "name": "mad", "exponent": "mad_sf"},
        {"address": 3, "name": "mad_sf", "type": "int16", "hidden": True},
        {"address": 4, "name": "fine", "exponent": "fine_sf"},
        {"address": 5, "name": "fine_sf", "type": "int16", "hidden": True},
    ]
    server = start_modbus(["holding 0 42 32768 42 32767 42 65534"])
    collection = await collect({"host": server.host, "port": server.port}, {"registers": registers})
    assert collection.error is None
    assert [n for n in collection.names if not n.startswith("modbus_")] == ["fine"]
    assert collection.value("fine") == 0.42


async def test_metrics_are_those_of_the_map():
    """Declared ones, and each field's with its kind, unit, help and labels."""
    plugin = Modbus(ModbusConfig(profile="energy-meter"))
    metrics = {metric.name: metric for metric in plugin.metrics()}
    assert {"modbus_requests", "modbus_errors_total", "meter_frequency_hertz"} <= metrics.keys()
    energy = metrics["meter_energy_watthours_total"]
    assert (energy.kind, energy.unit, energy.labels) == (
        "counter",
        "watthours",
        ("unit_id", "direction"),
    )


async def test_connection_in_one_line(start_modbus, opened):
    """Who answered, and how much of the map has a value."""
    server = start_modbus(["holding 0 7"])
    plugin = Modbus(ModbusConfig.model_validate(MAP))
    session = await opened(plugin, ModbusDevice(host=server.host, port=server.port))
    said = await session.test(make_context())
    assert (
        said
        == f"unit 1 at {server.host}:{server.port} answered 4 requests; 7 of 7 fields have a value"
    )
    server.kill()
    with pytest.raises(DeviceUnreachable):
        await session.test(make_context())
    await plugin.stop()


async def test_target_is_what_people_call_it():
    """Host and port, brackets around IPv6; the path of a serial line."""
    plugin = Modbus(ModbusConfig.model_validate(MAP))
    assert plugin.target(ModbusDevice(host="plc1")) == "plc1:502"
    assert plugin.target(ModbusDevice(host="fe80::1", port=1502)) == "[fe80::1]:1502"
    serial = ModbusDevice.model_validate({"serial": {"device": "/dev/ttyUSB0"}})
    assert plugin.target(serial) == "/dev/ttyUSB0"


async def test_tls_that_is_not_trusted(collect, pymodbus_servers):
    """A server of an unknown authority gets no request, and the error says why."""
    device = await pymodbus_servers.start("tls", {"holding": {0: [7]}})
    del device["tls"]
    collection = await collect(device, {"registers": [{"address": 0}]})
    assert isinstance(collection.error, DeviceUnreachable)
    assert "its certificate is not accepted" in str(collection.error)
    assert "set tls.ca_file to the authority" in str(collection.error)
    device["tls"] = {"insecure_skip_verify": True}
    assert (await collect(device, {"registers": [{"address": 0}]})).error is None


async def test_tls_files_that_are_missing(collect):
    """Refused before anything runs, with the name of the file."""
    device = {"host": "127.0.0.1", "transport": "tls", "tls": {"ca_file": "/nowhere.pem"}}
    with pytest.raises(ConfigurationError, match=r"/nowhere\.pem"):
        await collect(device, {"registers": [{"address": 0}]})


async def test_no_such_serial_line(collect):
    """Said so, as unreachable."""
    device = {"serial": {"device": "/dev/none"}, "retries": 0}
    collection = await collect(device, {"registers": [{"address": 0}]})
    assert isinstance(collection.error, DeviceUnreachable)
    assert "cannot open /dev/none: there is no such device" in str(collection.error)


async def test_tls_files_that_vanish_later(tmp_path, authority, opened):
    """A file that is being replaced costs a turn, and does not end the task."""
    copy = tmp_path / "ca.pem"
    copy.write_bytes(authority.ca_file.read_bytes())
    fields = {"host": "127.0.0.1", "port": 1, "transport": "tls", "tls": {"ca_file": str(copy)}}
    plugin, device = Modbus(ModbusConfig.model_validate(MAP)), ModbusDevice.model_validate(fields)
    plugin.validate_device(device)
    copy.unlink()
    with pytest.raises(DeviceUnreachable, match=r"ca\.pem"):
        await (await opened(plugin, device)).collect(make_context())
    await plugin.stop()


async def test_a_certificate_of_another_name(collect, pymodbus_servers):
    """The certificate has to have `server_name`; pymodbus' client cannot be told, so there it is refused."""
    device = await pymodbus_servers.start("tls", {"holding": {0: [7]}})
    for name, error in (("localhost", None), ("elsewhere", DeviceUnreachable)):
        device["tls"] = device["tls"] | {"server_name": name}
        collection = await collect(device, {"registers": [{"address": 0}]})
        assert isinstance(collection.error, error) if error else collection.error is None
    with pytest.raises(ConfigurationError, match="leave out server_name"):
        await collect(device, {"registers": [{"address": 0}], "engine": "pymodbus"})
