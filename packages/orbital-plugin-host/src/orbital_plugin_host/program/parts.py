"""What lives in the process: instances of the plugin, and sessions of their devices."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from orbital_sdk import ConfigurationError, Context, wire
from orbital_sdk.calling.invoke import call, invoke, open_session, receives

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import ThreadPoolExecutor

    from orbital_plugin_host.program.host import ProgramHost
    from orbital_sdk import Columns, DeviceFields, Plugin, Sample, Session
    from orbital_sdk.wire.calls import Collect, Test

M = TypeVar("M", bound=BaseModel)

CALL: Final = "call"
"""Attribute of log records: the number of the call in which they were logged."""
GRACE: Final = 5.0
"""Seconds that background tasks have to end."""


class Instance:
    """A started plugin.

    Args:
        number: The agent's.
        plugin: Not started.
        host: What it is started with.
        pool: Threads of its plain `def` methods.
    """

    def __init__(
        self, number: int, plugin: Plugin[Any, Any], host: ProgramHost, pool: ThreadPoolExecutor
    ) -> None:
        self.number = number
        self.plugin = plugin
        self.host = host
        self._pool = pool

    async def stop(self) -> None:
        await self.host.close(GRACE)
        await self.plugin.stop()

    async def on_thread(self, work: Callable[[], Any]) -> Any:
        """What this gives on a thread. Cancelled, it ends with the thread and not before."""
        future = self._pool.submit(work)
        waiting = asyncio.wrap_future(future)
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            if not future.cancel():
                await asyncio.wait({waiting})
            raise


class Opened:
    """A session of a device, opened or not."""

    def __init__(self, instance: Instance, device: DeviceFields) -> None:
        self.instance = instance
        self.device = device
        self.outgoing = wire.Outgoing()
        self._session: Session | None = None

    async def open(self) -> None:
        instance = self.instance
        self._session = await open_session(
            instance.plugin, self.device, run_blocking=instance.on_thread
        )

    async def collect(self, asked: Collect, sink: list[Sample]) -> Columns | None:
        """As `orbital_sdk.calling.invoke.invoke`."""
        collect = self._call("collect")
        return await invoke(
            collect, self._context(asked), sink, run_blocking=self.instance.on_thread
        )

    async def test(self, asked: Test) -> str:
        """One line; empty where the plugin has no test of its own."""
        test = partial(self._call("test"), self._context(asked))
        try:
            return str(await call(test, run_blocking=self.instance.on_thread))
        except NotImplementedError:
            return ""

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await call(session.close, run_blocking=self.instance.on_thread)

    def _call(self, name: str) -> Callable[..., Any]:
        if self._session is not None:
            return getattr(self._session, name)
        plugin = self.instance.plugin
        if not receives(type(plugin)):
            raise wire.Malformed(f"{name} of a session that is not open")
        method = plugin.collect if name == "collect" else plugin.test_connection
        return partial(method, self.device)

    def _context(self, asked: Collect | Test) -> Context:
        deadline = time.monotonic() + asked.remaining
        log = logging.LoggerAdapter(self.instance.host.log, {CALL: asked.call})
        return Context(asked.task, asked.device_id, asked.timeout, deadline, log)


def checked(model: type[M], values: Mapping[str, Any]) -> M:
    """The model made of these values.

    Raises:
        ConfigurationError: They do not fit.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        from orbital_sdk.problems.validation import explain  # noqa: PLC0415 (only where something is wrong)

        problems = explain(error, model)
        raise ConfigurationError(
            "; ".join(map(str, problems)), field=problems[0].key or None
        ) from None


def new_instance(
    number: int,
    cls: type[Plugin[Any, Any]],
    config: Mapping[str, Any],
    host: ProgramHost,
    pool: ThreadPoolExecutor,
) -> Instance:
    """An instance with these settings, not started; raises as `checked` does."""
    return Instance(number, cls(checked(cls.config_model, config)), host, pool)
