"""The plugin: one probe a run, its metrics, and the error if there is one."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from orbital_plugin_http.budget import INLINE, within
from orbital_plugin_http.checks import Checks
from orbital_plugin_http.config import HttpConfig
from orbital_plugin_http.device import HttpDevice
from orbital_plugin_http.encoding import text_of
from orbital_plugin_http.failure import ProbeFailedError, Reason
from orbital_plugin_http.metrics import ProbeMetrics, samples_of
from orbital_plugin_http.plan import Plan
from orbital_plugin_http.prober import Prober
from orbital_plugin_http.tls import CONTEXTS
from orbital_plugin_http.trace import Trace
from orbital_plugin_http.url import parse
from orbital_plugin_http.values import Values
from orbital_sdk import ConfigurationError, PartialCollect, Plugin

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_plugin_http.exposition import Exposition
    from orbital_plugin_http.readings import Readings
    from orbital_plugin_http.reply import Reply
    from orbital_sdk import Context, Metric, Sample

SMALL: Final = 8_192
"""Bytes of a body from which values are read on the loop: a millisecond or two."""
MEDIUM: Final = 131_072
"""Likewise of a body that is only checked."""
INFLATION: Final = 50
"""How much larger a compressed body may well become."""


class Http(ProbeMetrics, Plugin[HttpDevice, HttpConfig]):
    """HTTP and HTTPS probes."""

    name = "http"
    summary = (
        "HTTP and HTTPS: status, phases, certificates, values out of JSON and Prometheus pages"
    )
    author = "Orbital Sentinel"
    device_types = ("http", "https", "web", "api")

    def __init__(self, config: HttpConfig) -> None:
        super().__init__(config)
        self._prober = Prober(config)
        self._checks = Checks(config)
        self._values = Values(config.values, config.max_values) if config.values else None
        self._page = _exposition(config)
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="http-body")

    async def start(self) -> None:
        """Nothing to open: connections are made by need.

        Raises:
            ConfigurationError: The event loop cannot watch sockets.
        """
        loop = asyncio.get_running_loop()
        try:
            loop.remove_reader(-1)
        except NotImplementedError:
            raise ConfigurationError(
                "the http plugin needs an event loop that watches sockets; on Windows that is"
                " asyncio's selector loop"
            ) from None
        except (ValueError, OSError):
            pass  # it can, and has nothing to watch

    async def stop(self) -> None:
        self._prober.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def collect(self, device: HttpDevice, ctx: Context) -> list[Sample]:
        trace = Trace()
        seconds = self._seconds(ctx)
        readings = await self._probe(device, ctx, trace, seconds)
        samples = samples_of(trace, seconds)
        if readings is None:
            return samples
        samples += readings.samples
        if readings.missing:
            raise PartialCollect(
                f"{self._what(device)}: {readings.summary}",
                failed=readings.missing,
                samples=samples,
            )
        return samples

    def validate_device(self, device: HttpDevice) -> None:
        """Load the TLS files, so that what is wrong with them is known before the first run."""
        plan = Plan(device, self.config)
        if device.address.startswith("https") or device.ca_file or device.cert_file:
            CONTEXTS.get(plan.options)

    async def test_connection(self, device: HttpDevice, ctx: Context) -> str:
        trace = Trace()
        await self._probe(device, ctx, trace, self._seconds(ctx))
        certificate = ""
        if trace.chain is not None:
            until = datetime.fromtimestamp(trace.chain.earliest_expiry, UTC)
            certificate = f", {trace.tls_version}, certificate good until {until:%Y-%m-%d}"
        return (
            f"{self._what(device)}: status {trace.status} from {trace.address}"
            f" in {trace.seconds * 1000:.0f} ms{certificate}"
        )

    def target(self, device: HttpDevice) -> str:
        return str(parse(device.address))

    def metrics(self) -> tuple[Metric, ...]:
        """Those of the probe, of `values`, and what the Prometheus page was seen to have."""
        values = () if self._values is None else self._values.metrics
        page = () if self._page is None else self._page.metrics
        return (*super().metrics(), *values, *page)

    async def _probe(
        self, device: HttpDevice, ctx: Context, trace: Trace, seconds: float
    ) -> Readings | None:
        """What was read out of the body, if anything was asked for; failures in the SDK's words."""
        plan = self._plan(device, ctx)
        try:
            async with asyncio.timeout(seconds):
                reply = await self._prober.run(plan, trace)
                return await self._judge(plan, reply, trace, seconds)
        except ProbeFailedError as error:
            failed, cause = error, error.__cause__
        except TimeoutError as error:
            message = f"no end after {seconds:.3g} s, while {trace.doing}"
            failed, cause = ProbeFailedError(Reason.TIMEOUT, message), error
        samples = samples_of(trace, seconds, failed.reason)
        try:
            raise failed.translated(self._what(device), samples) from cause
        finally:
            del failed, cause  # they hold this frame, and bodies: a circle that only gc would break

    def _plan(self, device: HttpDevice, ctx: Context) -> Plan:
        plan = ctx.memory.get("plan")
        if plan is None or plan.device is not device or plan.config is not self.config:
            plan = ctx.memory["plan"] = Plan(device, self.config)
        return plan

    def _seconds(self, ctx: Context) -> float:
        """What this run may take: a little less than the agent allows, so that it can still report."""
        allowed = max(0.0, ctx.remaining() - min(0.1, ctx.timeout * 0.05))
        return allowed if self.config.timeout is None else min(self.config.timeout, allowed)

    async def _judge(
        self, plan: Plan, reply: Reply, trace: Trace, seconds: float
    ) -> Readings | None:
        """Checks and reads a response; a large one on a thread, so that the loop goes on.

        The threads are our own: others may fill the loop's with what never returns.
        """
        trace.doing = "checking the body"
        examine = partial(self._examine, reply, trace, login=plan.device.login != "none")
        if _weight(reply) <= (SMALL if self.config.reads_values else MEDIUM):
            return examine(seconds=min(INLINE, seconds))
        work = partial(_outcome, partial(examine, seconds=seconds - trace.seconds))
        outcome = await asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            if isinstance(outcome, ProbeFailedError):
                raise outcome
            return outcome
        finally:
            del outcome  # as in `_probe`

    def _examine(
        self, reply: Reply, trace: Trace, *, login: bool, seconds: float
    ) -> Readings | None:
        body = self._checks.judge(reply, trace, credentials=login)
        kind = reply.header(b"content-type")
        with within(seconds):
            if self._page is not None:
                return self._page.read(text_of(body, kind), kind, whole=not reply.until_closed)
            return None if self._values is None else self._values.read(body)

    def _what(self, device: HttpDevice) -> str:
        return f"{self.config.method} {self.target(device)}"


def _outcome(work: Callable[[], Readings | None]) -> Readings | ProbeFailedError | None:
    """What it returned or raised: a future that raises is held by the frames of who waits, which it holds."""
    try:
        return work()
    except ProbeFailedError as error:
        return error.with_traceback(None)


def _weight(reply: Reply) -> int:
    """Bytes that there may be to look at."""
    return len(reply.body) * (INFLATION if b"content-encoding" in reply.headers else 1)


def _exposition(config: HttpConfig) -> Exposition | None:
    if config.prometheus is None:
        return None
    from orbital_plugin_http.exposition import Exposition  # noqa: PLC0415 (few need the parser)

    return Exposition(config.prometheus, config.max_values)
