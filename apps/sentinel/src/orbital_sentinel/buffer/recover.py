"""Recovers what can be read of a quarantine into the folder of a stopped agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orbital_buffer.inspection.recovery.quarantined import QuarantineReader
from orbital_buffer.inspection.recovery.recovery import Recovery
from orbital_buffer.inspection.wording import nothing_kept
from orbital_buffer.model.errors import BufferFull
from orbital_sentinel.buffer.access import stopped_buffer, why_silent
from orbital_sentinel.buffer.offline import offline_buffer
from orbital_sentinel.client.locate import client
from orbital_sentinel.errors import Failure
from orbital_sentinel.process import loop

if TYPE_CHECKING:
    from pathlib import Path

View = dict[str, Any]


def recover_quarantine(config: Path | None, folder: Path, output: str) -> View:
    """Recover a quarantine. Returns what was recovered, and what cannot be read.

    Raises:
        Failure: An agent runs, the folder is not a quarantine, nothing in it can be read, or the disk cannot
            be written.
        BufferUnusable: There is no buffer, no permission, or a newer format.
    """
    silent = why_silent(client(config))
    if silent is None:
        raise Failure(
            "the sentinel runs and has the buffer: stop it, and start it again afterwards"
        )
    with stopped_buffer(config, silent) as directory:
        if output and output not in directory.log.positions:
            raise Failure(nothing_kept(output, directory.log.positions))
        quarantine = QuarantineReader(folder, directory)
        recovery = loop.run(_run(config, quarantine, output))
    if not recovery.readable:
        raise Failure(f"nothing in {quarantine.folder} can be read{_why(quarantine)}")
    return {
        "folder": str(quarantine.folder),
        "samples": dict(recovery.samples),
        "batches": len(recovery.readable),
        "unreadable_batches": len(recovery.unreadable),
        "unreadable": quarantine.unreadable,
    }


async def _run(config: Path | None, quarantine: QuarantineReader, output: str) -> Recovery:
    async with offline_buffer(config).opened() as buffer:
        if trouble := buffer.usage().trouble:
            raise Failure(f"nothing is brought back: {trouble}")
        recovery = Recovery(buffer.log, quarantine, output)
        try:
            await recovery.run()
        except (BufferFull, OSError) as error:
            done = sum(recovery.samples.values())
            raise Failure(
                f"{error}: {done} samples were brought back before; run it again for the others"
            ) from error
        return recovery


def _why(quarantine: QuarantineReader) -> str:
    return f": {quarantine.unreadable[0]}" if quarantine.unreadable else ""
