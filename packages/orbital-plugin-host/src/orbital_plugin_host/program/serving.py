"""Answers the agent's calls, each in a task of its own."""

from __future__ import annotations

import asyncio
import traceback
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orbital_plugin_host.program.emitting import Emitting
from orbital_plugin_host.program.host import ProgramHost
from orbital_plugin_host.program.parts import Opened, checked, new_instance
from orbital_sdk import CollectError, wire
from orbital_sdk.calling.invoke import collects_beside, receives
from orbital_sdk.schema.manifest import manifest
from orbital_sdk.wire import answers, calls
from orbital_sdk.wire.manifests import checked as as_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_plugin_host.program.parts import Instance
    from orbital_sdk import Plugin, Sample
    from orbital_sdk.wire.answers import FromProgram
    from orbital_sdk.wire.calls import FromAgent


class Serving:
    """One plugin class, with all its instances and sessions.

    Args:
        cls: The plugin.
        version: Of its distribution.
        send: Sends an answer, soon.
    """

    def __init__(
        self, cls: type[Plugin[Any, Any]], version: str, send: Callable[[FromProgram], None]
    ) -> None:
        self._cls = cls
        self._version = version
        self._send = send
        self._pool = ThreadPoolExecutor(cls.max_threads, f"plugin-{cls.name}")
        self._instances: dict[int, Instance] = {}
        self._sessions: dict[int, Opened] = {}
        self._going: dict[int, asyncio.Task[None]] = {}
        self._loop = asyncio.get_running_loop()
        self._emitting = Emitting(send)

    def took(self, message: FromAgent) -> None:
        """Take one message.

        Raises:
            Malformed: It may not come now.
        """
        match message:
            case calls.Collect():
                self._begin(message)
            case calls.Accepted() | calls.NotAccepted():
                self._emitting.settle(message)
            case calls.Hello():
                self._welcome(message)
            case calls.Health():
                self._tell_counts(now=True)
                self._send(answers.Done(message.call))
            case calls.Cancel():
                if message.call in self._going:
                    self._going[message.call].cancel()
            case _:
                self._begin(message)

    def _begin(self, message: Any) -> None:
        going = self._going[message.call] = self._loop.create_task(self._answered(message))
        going.add_done_callback(partial(self._over, message.call))

    def _welcome(self, message: calls.Hello) -> None:
        known = wire.CONTRACT if wire.CONTRACT in message.contracts else 0
        about = as_manifest(manifest(self._cls, version=self._version))
        offer = answers.Offer(
            "plugin", self._cls.name, about,
            serves=receives(self._cls), collects=collects_beside(self._cls),
        )  # fmt: skip
        self._send(answers.Welcome(known, (offer,)))

    async def _answered(self, message: Any) -> None:
        answer: FromProgram
        try:
            answer = await self._answer(message)
        except asyncio.CancelledError:
            answer = answers.Failed(message.call, wire.packed(CollectError("it was cancelled")))
        except Exception as error:  # noqa: BLE001 (whatever the plugin raises is the answer)
            answer = answers.Failed(message.call, packed(error))
        self._tell_counts()
        try:
            self._send(answer)
        except (wire.TooLarge, ValueError, TypeError, OverflowError) as error:
            if isinstance(answer, answers.Collected):
                self._session(message.session).outgoing.forget()
            self._send(answers.Failed(message.call, packed(error)))

    def _over(self, call: int, going: asyncio.Task[None]) -> None:
        del self._going[call]
        if going.cancelled():  # before it began
            self._send(answers.Failed(call, wire.packed(CollectError("it was cancelled"))))

    async def _answer(self, message: Any) -> FromProgram:
        match message:
            case calls.Collect():
                return await self._collect(message)
            case calls.Start():
                await self._start(message)
            case calls.Device():
                return self._device(message)
            case calls.Open():
                await self._session(message.session).open()
            case calls.Test():
                return answers.Tested(
                    message.call, await self._session(message.session).test(message)
                )
            case calls.Serve():
                await self._serve(message)
            case calls.Close():
                await self._session(message.session).close()
                del self._sessions[message.session]
            case calls.Stop():
                await self._instance(message.instance).stop()
                self._tell_counts(now=True)
                del self._instances[message.instance]
            case _:
                raise wire.Malformed(f"not a call for a plugin: {type(message).__name__}")
        return answers.Done(message.call)

    async def _collect(self, message: calls.Collect) -> answers.Collected:
        session, columns = self._session(message.session), None
        sink: list[Sample] = []
        failed: wire.Error | None = None
        try:
            columns = await session.collect(message, sink)
        except asyncio.CancelledError:
            failed = wire.packed(CollectError("it was cancelled"))
        except Exception as error:  # noqa: BLE001 (whatever the plugin raises is the answer)
            failed = packed(error)
            sink += error.samples if isinstance(error, CollectError) else ()
        records = session.outgoing.packed(sink if columns is None else columns)
        return answers.Collected(message.call, records, failed)

    async def _start(self, message: calls.Start) -> None:
        folder = None if message.folder is None else Path(message.folder)
        host = ProgramHost(self._cls.name, folder)
        instance = new_instance(message.instance, self._cls, message.config, host, self._pool)
        try:
            await instance.plugin.start(host)
        except BaseException:
            await instance.stop()
            raise
        self._instances[message.instance] = instance

    def _device(self, message: calls.Device) -> answers.Facts:
        instance = self._instance(message.instance)
        device = checked(self._cls.device_model, message.fields)
        plugin = instance.plugin
        plugin.validate_device(device)
        facts = answers.Facts(message.call, plugin.target(device), plugin.exclusive(device))
        self._sessions[message.session] = Opened(instance, device)
        return facts

    async def _serve(self, message: calls.Serve) -> None:
        session = self._session(message.session)
        emit = self._emitting.begin(message.call, session.outgoing)
        try:
            await session.instance.plugin.serve(session.device, emit)
        finally:
            self._emitting.end(message.call)

    def _session(self, number: int) -> Opened:
        if number not in self._sessions:
            raise wire.Malformed(f"no session {number}")
        return self._sessions[number]

    def _instance(self, number: int) -> Instance:
        if number not in self._instances:
            raise wire.Malformed(f"no instance {number}")
        return self._instances[number]

    def _tell_counts(self, *, now: bool = False) -> None:
        for instance in self._instances.values():
            if (news := instance.host.news(instance.number, now=now)) is not None:
                self._send(news)


def packed(error: Exception) -> wire.Error:
    """The error, with its traceback if it is a bug."""
    return wire.packed(error, trace="".join(traceback.format_exception(error)))
