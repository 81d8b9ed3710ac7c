"""What was learned of a unit survives a restart; a damaged or old file costs nothing."""

from __future__ import annotations

import json

import pytest

from orbital_plugin_modbus import Modbus, ModbusConfig, ModbusDevice
from orbital_plugin_modbus.learned import FILE
from orbital_sdk.testing import make_context

pytestmark = pytest.mark.real
CONTENT = "holding 0 " + " ".join(str(n) for n in range(600))


async def requests(server, folder, addresses=(10, 30)):
    """Requests of the first run of a fresh plugin."""
    plugin = Modbus(ModbusConfig.model_validate({"registers": [{"address": a} for a in addresses],
                                                 "bridge": 40}))  # fmt: skip
    plugin.folder = folder
    before = len(server.asked)
    await plugin.collect(ModbusDevice(host=server.host, port=server.port), make_context(memory={}))
    await plugin.stop()
    return len(server.asked) - before


async def test_a_hole_is_known_after_a_restart_by_the_same_map(start_modbus, tmp_path):
    """Split once; the next process goes round it; another map meets it anew."""
    server = start_modbus([CONTENT, "hole holding 20 29"])
    assert await requests(server, tmp_path) == 3
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert await requests(server, tmp_path) == 2
    assert await requests(server, tmp_path, (10, 31)) == 3


@pytest.mark.parametrize("damage", ["old", "text", "limit"])
async def test_an_old_or_damaged_file_is_as_none(start_modbus, tmp_path, damage):
    server = start_modbus([CONTENT, "hole holding 20 29"])
    await requests(server, tmp_path)
    path = tmp_path / FILE
    stored = json.loads(path.read_text())
    for entry in stored["units"].values():
        entry.update({"old": {"at": 1.0}, "limit": {"registers": 0}}.get(damage, {}))
    path.write_text("{" if damage == "text" else json.dumps(stored))
    assert await requests(server, tmp_path) == 3
