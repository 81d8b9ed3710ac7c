"""What every receiver promises the agent, checked with a device that speaks."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import ValidationError

from orbital_sdk.calling.invoke import receives
from orbital_sdk.contract.plugin import Plugin
from orbital_sdk.errors import BufferRefused, OrbitalError
from orbital_sdk.testing.collection import Collection, Runs, as_model, exclusive_of
from orbital_sdk.testing.emit import FakeEmit
from orbital_sdk.testing.findings import Findings
from orbital_sdk.testing.leftovers import leftovers, tasks_begun
from orbital_sdk.testing.life import Life
from orbital_sdk.testing.model_contract import check_dump, check_silence, secrets_of
from orbital_sdk.testing.plugin_class import check_class, check_samples
from orbital_sdk.testing.signatures import check_made
from orbital_sdk.testing.wire_contract import check_given, check_settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from weakref import WeakSet

    from orbital_sdk.fields import DeviceFields, PluginConfig

    Fields = DeviceFields | Mapping[str, Any]
    Config = PluginConfig | Mapping[str, Any] | None
    Speak = Callable[[Any, Any], Awaitable[object]]

T = TypeVar("T")

CLOSE: Final = 5.0
"""Seconds that the agent gives a `serve` which it cancelled."""
AGAIN: Final = 0.05
"""Seconds until a device speaks again that nobody heard."""


async def check_receiver(
    cls: type[Plugin[Any, Any]],
    make: Callable[[], tuple[Fields, Config]],
    speak: Speak,
    *,
    entry_point: bool = True,
    timeout: float = 10.0,  # noqa: ASYNC109 (how long the test has patience)
) -> None:
    """The contract suite of receivers. Run it in your own tests.

    Args:
        cls: The plugin.
        make: Makes device fields and settings, with ports that are free.
        speak: Called with both, as models: has the device send something that makes a sample. Where the
            receiver answers, it waits for that and returns it: no answer may come before `emit` returned. It
            may raise `OSError` where nobody listens.
        entry_point: Whether the package is installed, so that its entry point can be looked for.
        timeout: Seconds in which a sample has to arrive.

    Raises:
        AssertionError: Everything that is wrong, each with what to change.
    """
    found = Findings()
    check_class(found, cls, entry_point=entry_point)
    if not found.expect(
        receives(cls) and inspect.iscoroutinefunction(cls.serve),
        "serve() is missing, or is not a coroutine; write `async def serve(self, device, emit)`",
    ):
        found.report(cls.__qualname__)
    device, config = make()
    try:
        fields = as_model(cls.device_model, device)
        settings = as_model(cls.config_model, config)
    except ValidationError as error:
        found.append(f"the device or config of this check does not fit its model: {error}")
    else:
        unused, plugin = cls(settings), cls(settings)
        if check_made(found, plugin):
            found.hide(secrets_of(fields) | secrets_of(plugin.config))
            await found.attempt("stop() without start()", unused.stop())
            await _Trial(found, plugin, fields, speak, timeout).run()
    found.report(cls.__qualname__)


@dataclass(slots=True)
class _Trial:
    """One receiver through its whole life."""

    found: Findings
    plugin: Plugin[Any, Any]
    fields: DeviceFields
    speak: Speak
    timeout: float
    emit: FakeEmit = field(default_factory=FakeEmit)

    async def run(self) -> None:
        async with Life(self.found, self.plugin).running() as started:
            if started:
                await self._live()

    async def _live(self) -> None:
        try:
            self.plugin.validate_device(self.fields)
            await exclusive_of(self.plugin, self.fields)
        except OrbitalError as error:
            self.found.append(f"validate_device refuses the device of this check: {error}")
            return
        if await self._serve(self._first, "serve()"):
            await self._serve(self._held, "serve() in an emit that waits")
            await self._serve(self._again, "serve() begun again")
            await self._serve(self._beside, "serve() beside another one")
            await self._collect()

    async def _serve(self, part: Callable[[], Awaitable[None]], what: str) -> bool:
        """Serve while this goes on, and end it; whether all went well so far."""
        self.emit = FakeEmit()
        with tasks_begun() as begun:
            serving = asyncio.create_task(self.plugin.serve(self.fields, self.emit))
            talking = asyncio.ensure_future(part())
            await asyncio.wait({serving, talking}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                talking.cancel()
                await asyncio.wait({talking})
                self.found.append(
                    f"{what} ended by itself: {_why(serving)}; it goes on until it is cancelled"
                )
                return False
            await self.found.attempt(what, self._talked(talking, what))
            await self._end(serving, what)
            await self._nothing_is_left(begun, what)
        return not self.found

    async def _talked(self, talking: Awaitable[None], what: str) -> None:
        try:
            await talking
        except TimeoutError:
            self.found.append(
                f"{what}: no sample came within {self.timeout:g} s of what the device of this check sent:"
                " is `await emit(...)` there?"
            )

    async def _end(self, serving: asyncio.Task[None], what: str) -> None:
        serving.cancel()
        done, _ = await asyncio.wait({serving}, timeout=CLOSE)
        self.emit.stop()
        self.emit.release()
        if self.found.expect(
            done,
            f"{what} still runs {CLOSE:g} s after it was cancelled; let CancelledError pass, clean up in"
            " `finally`",
        ):
            error = None if serving.cancelled() else serving.exception()
            self.found.expect(
                error is None, f"{what} was cancelled and raised {error!r}; it must not"
            )

    async def _nothing_is_left(self, begun: WeakSet[asyncio.Task[Any]], what: str) -> None:
        names = await leftovers(begun, AGAIN)
        self.found.expect(
            not names,
            f"{what} left tasks behind ({', '.join(names)}); cancel and await them in `finally`",
        )
        with suppress(Exception):  # nobody listens, as it should be
            async with asyncio.timeout(4 * AGAIN):
                await self.speak(self.fields, self.plugin.config)
        await asyncio.sleep(AGAIN)
        self.found.expect(
            not self.emit.late,
            f"{what} emitted after its end; close sockets and end tasks before serve() ends",
        )

    async def _first(self) -> None:
        """It hears; its samples are declared, and keep secrets."""
        samples = await self._received()
        collection = Collection(tuple(samples))
        check_samples(self.found, collection, self.plugin.metrics())
        check_given(self.found, collection)
        places = {
            "target()": self.plugin.target(self.fields),
            "repr of the plugin": repr(self.plugin),
            "a label": [value for s in samples for value in s.series.values],
        }
        check_settings(self.found, self.fields, "the fields of a device")
        check_settings(self.found, self.plugin.config, "settings")
        secrets = check_dump(self.found, self.fields) | check_dump(self.found, self.plugin.config)
        check_silence(self.found, secrets, places)
        self.emit.error = BufferRefused("the buffer is full, as told by this check")
        await self._spoken_until(self.emit.refused(timeout=self.timeout))
        self.emit.error = None
        await self._received()

    async def _held(self) -> None:
        """While the buffer takes nothing, it waits, and may be cancelled in the middle."""
        await self._received()
        self.emit.hold()
        talking = asyncio.create_task(self._speak())
        await self.emit.held(timeout=self.timeout)
        await asyncio.wait({talking}, timeout=AGAIN)
        self.found.expect(
            not self.emit.samples,
            "it gave samples while its emit() had not returned",
        )
        talking.cancel()
        await asyncio.wait({talking})
        self.found.expect(
            talking.cancelled() or talking.exception() or not talking.result(),
            "it answered while its emit() had not returned; answer after `await emit(...)`, since only then"
            " the samples are stored",
        )

    async def _again(self) -> None:
        await self._received()

    async def _beside(self) -> None:
        """Where another one has the address, it says so in words of its contract."""
        await self._received()
        other = type(self.plugin)(self.plugin.config)
        async with Life(self.found, other, " of a second instance").running():
            second = asyncio.create_task(other.serve(self.fields, FakeEmit()))
            await asyncio.wait({second}, timeout=AGAIN)
            second.cancel()
            await asyncio.wait({second}, timeout=CLOSE)
        error = second.exception() if second.done() and not second.cancelled() else None
        self.found.expect(
            error is None or isinstance(error, OrbitalError),
            f"serve() of an address in use raised {error!r}; `raise DeviceUnreachable(...) from error`",
        )

    async def _received(self) -> list[Any]:
        """What the device says, as soon as it is heard."""
        return await self._spoken_until(self.emit.wait(timeout=self.timeout))

    async def _spoken_until(self, heard: Awaitable[T]) -> T:
        """Have the device speak again and again until this is so."""
        listening = asyncio.ensure_future(heard)
        while not listening.done():
            await self._speak()
            await asyncio.wait({listening}, timeout=AGAIN)
        return listening.result()

    async def _speak(self) -> object:
        with suppress(OSError):
            return await self.speak(self.fields, self.plugin.config)
        return None

    async def _collect(self) -> None:
        """Beside serving it may tell what it knows of itself."""
        if type(self.plugin).collect is Plugin[Any, Any].collect:
            return
        collection = await Runs(self.plugin, self.fields).collect(self.timeout)
        self.found.expect(
            collection.error is None, f"collect() of a receiver failed with {collection.error!r}"
        )
        check_samples(self.found, collection, self.plugin.metrics())


def _why(serving: asyncio.Task[None]) -> str:
    if serving.cancelled():
        return "it raised CancelledError, and nobody cancelled it"
    return repr(serving.exception()) if serving.exception() else "it returned"
