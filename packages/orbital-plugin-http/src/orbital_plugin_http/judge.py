"""Checks and reads responses; large ones on threads of its own, so that the loop goes on."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final

from orbital_plugin_http.budget import INLINE, within
from orbital_plugin_http.checks import Checks
from orbital_plugin_http.encoding import text_of
from orbital_plugin_http.failure import ProbeFailedError
from orbital_plugin_http.values import Values

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_plugin_http.config import HttpConfig
    from orbital_plugin_http.exposition import Exposition
    from orbital_plugin_http.readings import Readings
    from orbital_plugin_http.reply import Reply
    from orbital_plugin_http.trace import Trace
    from orbital_sdk import Metric

SMALL: Final = 8_192
"""Bytes of a body from which values are read on the loop: a millisecond or two."""
MEDIUM: Final = 131_072
"""Likewise of a body that is only checked."""
INFLATION: Final = 50
"""How much larger a compressed body may well become."""


class Judge:
    """By the plugin's settings. The threads are its own: others may fill the loop's with what never ends."""

    def __init__(self, config: HttpConfig) -> None:
        self._most = SMALL if config.reads_values else MEDIUM
        self._checks = Checks(config)
        self._values = Values(config.values, config.max_values) if config.values else None
        self._page = _exposition(config)
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="http-body")

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Those of `values`, and what the Prometheus page was seen to have."""
        values = () if self._values is None else self._values.metrics
        page = () if self._page is None else self._page.metrics
        return (*values, *page)

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def judge(
        self, reply: Reply, trace: Trace, *, login: bool, seconds: float
    ) -> Readings | None:
        """What was read out of the body, if anything was asked for.

        Args:
            reply: The response.
            trace: Of the probe.
            login: Whether the request had credentials.
            seconds: That the whole probe may take.

        Raises:
            ProbeFailedError: It is not as it should be.
        """
        trace.doing = "checking the body"
        examine = partial(self._examine, reply, trace, login=login)
        if _weight(reply) <= self._most:
            return examine(seconds=min(INLINE, seconds))
        work = partial(_outcome, partial(examine, seconds=seconds - trace.seconds))
        outcome = await asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            if isinstance(outcome, ProbeFailedError):
                raise outcome
            return outcome
        finally:
            del outcome  # it holds this frame, and bodies: a circle that only gc would break

    def _examine(
        self, reply: Reply, trace: Trace, *, login: bool, seconds: float
    ) -> Readings | None:
        body = self._checks.judge(reply, trace, credentials=login)
        kind = reply.header(b"content-type")
        with within(seconds):
            if self._page is not None:
                return self._page.read(text_of(body, kind), kind, whole=not reply.until_closed)
            return None if self._values is None else self._values.read(body)


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
