"""One device: how to probe it, and its probes. Connections are the plugin's, so there is nothing to close."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orbital_plugin_http.failure import ProbeFailedError, Reason
from orbital_plugin_http.metrics import samples_of
from orbital_plugin_http.prepared import PreparedProbe
from orbital_plugin_http.trace import Trace
from orbital_plugin_http.url import parse
from orbital_sdk import PartialCollect, Session

if TYPE_CHECKING:
    from orbital_plugin_http.config import HttpConfig
    from orbital_plugin_http.device import HttpDevice
    from orbital_plugin_http.judge import Judge
    from orbital_plugin_http.prober import Prober
    from orbital_plugin_http.readings import Readings
    from orbital_sdk import Context, Sample


class ProbeSession(Session):
    """Probes one address.

    Args:
        device: The address.
        config: The plugin's settings.
        prober: Sends requests.
        judge: Looks at responses.
    """

    def __init__(
        self, device: HttpDevice, config: HttpConfig, prober: Prober, judge: Judge
    ) -> None:
        self._prepared = PreparedProbe(device, config)
        self._prober = prober
        self._judge = judge
        self._timeout = config.timeout
        self._login = device.login != "none"
        self._what = f"{config.method} {parse(device.address)}"

    async def collect(self, ctx: Context) -> list[Sample]:
        trace = Trace()
        seconds = self._seconds(ctx)
        try:
            readings = await self._probe(trace, seconds)
        finally:
            ctx.measured.update(trace.measured)
        samples = samples_of(trace, seconds)
        if readings is None:
            return samples
        samples += readings.samples
        if readings.missing:
            raise PartialCollect(
                f"{self._what}: {readings.summary}", failed=readings.missing, samples=samples
            )
        return samples

    async def test(self, ctx: Context) -> str:
        trace = Trace()
        await self._probe(trace, self._seconds(ctx))
        certificate = ""
        if trace.chain is not None:
            until = datetime.fromtimestamp(trace.chain.earliest_expiry, UTC)
            certificate = f", {trace.tls_version}, certificate good until {until:%Y-%m-%d}"
        return (
            f"{self._what}: status {trace.status} from {trace.address}"
            f" in {trace.seconds * 1000:.0f} ms{certificate}"
        )

    async def _probe(self, trace: Trace, seconds: float) -> Readings | None:
        """What was read out of the body, if anything was asked for; failures in the SDK's words."""
        try:
            async with asyncio.timeout(seconds):
                reply = await self._prober.run(self._prepared, trace)
                return await self._judge.judge(reply, trace, login=self._login, seconds=seconds)
        except ProbeFailedError as error:
            failed, cause = error, error.__cause__
        except TimeoutError as error:
            message = f"no end after {seconds:.3g} s, while {trace.doing}"
            failed, cause = ProbeFailedError(Reason.TIMEOUT, message), error
        samples = samples_of(trace, seconds, failed.reason)
        try:
            raise failed.translated(self._what, samples) from cause
        finally:
            del failed, cause  # they hold this frame, and bodies: a circle that only gc would break

    def _seconds(self, ctx: Context) -> float:
        """What this run may take: a little less than the agent allows, so that it can still report."""
        allowed = max(0.0, ctx.remaining() - min(0.1, ctx.timeout * 0.05))
        return allowed if self._timeout is None else min(self._timeout, allowed)
