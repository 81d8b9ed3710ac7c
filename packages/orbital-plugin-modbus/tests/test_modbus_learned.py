"""What was learned of a unit survives a restart; a damaged or old file costs nothing."""

from __future__ import annotations

import json

import pytest

from orbital_plugin_modbus import Modbus, ModbusConfig, ModbusDevice
from orbital_sdk.testing import FakeHost, make_context

pytestmark = pytest.mark.real
FILE = "learned.json"
CONTENT = "holding 0 " + " ".join(str(n) for n in range(600))


async def requests(server, folder, addresses=(10, 30), table="holding", host=None, **config):
    """Requests of the first run of a fresh plugin."""
    registers = [{"address": address, "table": table} for address in addresses]
    plugin = Modbus(ModbusConfig.model_validate({"registers": registers, "bridge": 40, **config}))
    await plugin.start(host or FakeHost(folder))
    before = len(server.asked)
    session = await plugin.open(ModbusDevice(host=server.host, port=server.port))
    await session.collect(make_context())
    await session.close()
    await plugin.stop()
    return len(server.asked) - before


async def test_a_hole_is_known_after_a_restart_by_the_same_map(start_modbus, tmp_path):
    """Split once; the next process goes round it; another map meets it anew."""
    server = start_modbus([CONTENT, "hole holding 20 29"])
    assert await requests(server, tmp_path) == 3
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert await requests(server, tmp_path) == 2
    assert await requests(server, tmp_path, (10, 31)) == 3


@pytest.mark.parametrize(
    ("addresses", "content", "quirk", "most"),
    [(range(100), CONTENT, "most 60", 60), (range(200), "coil 0 1", "most 150", 150)],
)
async def test_a_limit_is_known_after_a_restart(
    start_modbus, tmp_path, addresses, content, quirk, most
):
    """The largest read that worked is the largest that the next process asks for."""
    server = start_modbus([content, quirk])
    table = content.split()[0]
    first = await requests(server, tmp_path, addresses, table)
    before = len(server.asked)
    second = await requests(server, tmp_path, addresses, table)
    sizes = [asked.count for asked in server.asked]
    assert max(sizes[:before]) > most >= max(sizes[before:])
    assert second < first


@pytest.mark.parametrize("damage", ["old", "text", "limit", "hole", "shape"])
async def test_an_old_or_damaged_note_is_as_none(start_modbus, tmp_path, damage):
    """The device shows again what cannot be believed."""
    server = start_modbus([CONTENT, "hole holding 20 29"])
    await requests(server, tmp_path)
    path = tmp_path / FILE
    stored = json.loads(path.read_text())
    wrong = {"old": {"at": 1.0}, "limit": {"registers": 0}, "hole": {"holes": [["holding", 11]]}}
    for key, entry in stored.items():
        stored[key] = [] if damage == "shape" else entry | wrong.get(damage, {})
    path.write_text("{" if damage == "text" else json.dumps(stored))
    host = FakeHost(tmp_path)
    assert await requests(server, tmp_path, host=host) == 3
    assert host.value("damaged_files_total") == (damage == "text")
    assert await requests(server, tmp_path) == 2


async def test_a_file_that_knows_too_much_asks_for_no_more(start_modbus, tmp_path):
    """A limit of the settings holds, whatever was noted."""
    server = start_modbus([CONTENT, "most 60"])
    await requests(server, tmp_path, range(100))
    path = tmp_path / FILE
    stored = json.loads(path.read_text())
    path.write_text(json.dumps({key: entry | {"registers": 125} for key, entry in stored.items()}))
    before = len(server.asked)
    await requests(server, tmp_path, range(100), max_registers=50)
    assert [asked.count for asked in server.asked[before:]] == [50, 50]
