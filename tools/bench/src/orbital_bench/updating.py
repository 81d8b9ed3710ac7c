"""A plugin that installs another version of itself every ten seconds; each third one cannot be imported.

`bad_plugins` copies it into a folder of packages of its own.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig

if TYPE_CHECKING:
    from orbital_sdk import Context, Sample

PACKAGE: Final = "bench_updating"
EVERY: Final = 10.0
BROKEN: Final = 'raise ImportError("this version is broken")\n'
CODE: Final = "code.txt"
"""The module as it is well."""


class Updating(Plugin[DeviceFields, PluginConfig]):
    """Upgrades its own package as pip does, beneath the running agent."""

    name = PACKAGE
    done = Metric("bench_updating_done", "1")

    async def collect(self, device: DeviceFields, ctx: Context) -> list[Sample]:
        del device, ctx
        folder = Path(__file__).parent
        (info,) = folder.glob(f"{PACKAGE}-*.dist-info")
        if time.time() - info.stat().st_mtime > EVERY:
            install(folder, int(info.name.removesuffix(".dist-info").rpartition("-")[2]) + 1)
        return [self.done(1.0)]


def install(folder: Path, version: int) -> None:
    """Replace what is there by this version."""
    module = folder / f"{PACKAGE}.py"
    module.with_suffix(".new").write_text(
        BROKEN if version % 3 == 0 else (folder / CODE).read_text()
    )
    module.with_suffix(".new").replace(module)
    old = [*folder.glob(f"{PACKAGE}-*.dist-info")]
    info = folder / f"{PACKAGE}-{version}.dist-info"
    info.mkdir()
    info.joinpath("METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {version}\n"
    )
    info.joinpath("entry_points.txt").write_text(
        f"[orbital.plugins]\n{PACKAGE} = {PACKAGE}:Updating\n"
    )
    for one in old:
        for file in one.iterdir():
            file.unlink()
        one.rmdir()
