"""What a plugin keeps of one device between its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from orbital_sdk.contract.context import Context
    from orbital_sdk.contract.records import Collected


class Session:
    """One device, as long as its fields and the plugin's settings stay the same.

    Life: made by `Plugin.open`; many `collect`, one after the other; `close`, after which nothing is called.
    What it learns belongs into its attributes: they are there at the next run. What has to outlive it (a
    device whose fields changed, a restart) belongs into the plugin, or into its `StateFile`.

    `collect`, `test` and `close` may be `async def`, or plain `def`, which runs on a thread and may block.
    """

    def collect(self, ctx: Context) -> Collected:
        """Read the device: as `Plugin.collect`, and raises as it does."""
        raise NotImplementedError(f"{type(self).__name__} has no collect()")

    def test(self, ctx: Context) -> str | Awaitable[str]:
        """Say in one line that the device answers; raise as `collect` does if it doesn't.

        Left out, the agent collects once and says how many samples came.
        """
        raise NotImplementedError

    def close(self) -> Awaitable[None] | None:
        """Let go of what `open` and the runs took. Safe twice.

        A run that was given up at its deadline may still go on: closing what it waits for ends it.
        """
