"""Serial lines: settings of the port, echoes, and units of different speeds on one line."""

from __future__ import annotations

import pytest

from orbital_plugin_modbus import Modbus, ModbusConfig, ModbusDevice
from orbital_plugin_modbus.line import Line
from orbital_sdk import DeviceUnreachable
from orbital_sdk.testing import make_context

REGISTERS = {"registers": [{"address": 0}]}


async def test_settings_that_the_port_does_not_take(collect, start_serial_modbus):
    """A pty has no RS-485 mode: said so, instead of sending where nobody switches the direction."""
    line = start_serial_modbus(["holding 0 42"])
    fields = {"serial": {"device": line.device, "rs485": {"delay_before_tx": "1ms"}}, "retries": 0}
    collection = await collect(fields, REGISTERS)
    assert isinstance(collection.error, DeviceUnreachable)
    assert "takes no RS-485 settings" in str(collection.error)
    assert not line.asked


@pytest.mark.parametrize("wrong", [{"parity": "E"}, {"data_bits": 7}])
async def test_a_port_without_such_parity(collect, start_serial_modbus, wrong):
    """A pty has 8N1 only: said so, and the port is free again for who asks rightly."""
    line = start_serial_modbus(["holding 0 42"])
    fields = {"serial": {"device": line.device, **wrong}, "retries": 0}
    collection = await collect(fields, REGISTERS)
    assert isinstance(collection.error, DeviceUnreachable)
    assert "takes no such baudrate, parity or bits" in str(collection.error)
    assert (await collect({"serial": {"device": line.device}}, REGISTERS)).error is None


async def test_units_of_different_speeds_on_one_line(start_serial_modbus, bus_of, opened):
    """The port is opened anew for each; both are read, again and again."""
    line = start_serial_modbus(["holding 0 42"])
    plugin = Modbus(ModbusConfig.model_validate(REGISTERS))
    speeds = [
        ModbusDevice.model_validate({"serial": {"device": line.device, "baudrate": baudrate}})
        for baudrate in (9600, 19200)
    ]
    sessions = [await opened(plugin, device) for device in speeds]
    for _ in range(3):
        for session in sessions:
            columns = await session.collect(make_context())
            assert columns.values[0] == 42
    assert len({id(bus_of(device)) for device in speeds}) == 1
    await plugin.stop()


async def test_two_names_of_one_port(start_serial_modbus, tmp_path):
    """A link and what it leads to are one bus: `/dev/serial/by-id/...` and `/dev/ttyUSB0`."""
    line = start_serial_modbus(["holding 0 42"])
    link = tmp_path / "by-id"
    link.symlink_to(line.device)
    assert Line("rtu", device=str(link)).key == Line("rtu", device=line.device).key


@pytest.mark.parametrize(
    ("baudrate", "seconds"), [(9600, 0.00401), (19200, 0.002005), (115200, 0.00175)]
)
def test_silence_between_frames(baudrate, seconds):
    """3.5 characters of 11 bits; from above 19200 baud on, 1.75 ms."""
    assert Line("rtu", device="x", baudrate=baudrate).silence == pytest.approx(seconds, rel=1e-3)
