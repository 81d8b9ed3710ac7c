"""What every plugin promises the agent, checked against a device that answers."""

from __future__ import annotations

import asyncio
import traceback
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from orbital_sdk.calling.invoke import call, is_blocking
from orbital_sdk.contract.plugin import Plain
from orbital_sdk.contract.session import Session
from orbital_sdk.errors import DeviceUnreachable, OrbitalError, PartialCollect
from orbital_sdk.testing.collection import Collection, Runs, as_model, make_context
from orbital_sdk.testing.findings import Findings, check_cancel
from orbital_sdk.testing.life import Life
from orbital_sdk.testing.model_contract import (
    check_dump,
    check_silence,
    secrets_of,
)
from orbital_sdk.testing.plugin_class import check_class, check_samples
from orbital_sdk.testing.signatures import check_made, check_signatures
from orbital_sdk.testing.threads import in_thread
from orbital_sdk.testing.wire_contract import check_facts, check_given, check_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_sdk.contract.plugin import Plugin
    from orbital_sdk.fields import DeviceFields, PluginConfig

    Fields = DeviceFields | Mapping[str, Any]


async def check_plugin(
    cls: type[Plugin[Any, Any]],
    device: Fields,
    config: PluginConfig | Mapping[str, Any] | None = None,
    *,
    entry_point: bool = True,
    unreachable: Fields | None = None,
    timeout: float = 10.0,  # noqa: ASYNC109 (it is the task's timeout, which the plugin is told)
) -> None:
    """The contract suite of plugins. Run it in your own tests, against a device (or a fake) that answers.

    Args:
        cls: The plugin.
        device: Fields of a device that answers; with a secret in them, its silence is checked too.
        config: The plugin's settings, if it needs any.
        entry_point: Whether the package is installed, so that its entry point can be looked for.
        unreachable: Fields of a device that does not answer, if you have one.
        timeout: Seconds that one collection may take.

    Raises:
        AssertionError: Everything that is wrong, each with what to change.
    """
    found = Findings()
    check_class(found, cls, entry_point=entry_point)
    try:
        fields = as_model(cls.device_model, device)
        away = None if unreachable is None else as_model(cls.device_model, unreachable)
        settings = as_model(cls.config_model, config)
    except ValidationError as error:
        found.append(f"the device or config of this check does not fit its model: {error}")
    else:
        plugin = cls(settings)
        if check_made(found, plugin):
            found.hide(secrets_of(fields) | secrets_of(away) | secrets_of(plugin.config))
            await _Trial(found, plugin, fields, timeout).run(away)
    found.report(cls.__qualname__)


@dataclass(frozen=True, slots=True)
class _Trial:
    """One plugin through its whole life."""

    found: Findings
    plugin: Plugin[Any, Any]
    fields: DeviceFields
    timeout: float

    async def run(self, away: DeviceFields | None) -> None:
        unused = type(self.plugin)(self.plugin.config)
        await self.found.attempt("stop() without start()", unused.stop())
        async with Life(self.found, self.plugin).running() as started:
            if started:
                await self._live(away)

    async def _live(self, away: DeviceFields | None) -> None:
        try:
            self.plugin.validate_device(self.fields)
            await self._read()
            if away is not None:
                await self._read_nothing(away)
        except OrbitalError as error:
            self.found.append(f"validate_device refuses the device of this check: {error}")

    def runs(self, fields: DeviceFields | None = None) -> Runs:
        return Runs(self.plugin, fields or self.fields)

    async def collect(self, runs: Runs) -> Collection:
        return await runs.collect(self.timeout)

    async def _read(self) -> None:
        runs = self.runs()
        try:
            collection = await self.collect(runs)
            _check_error(self.found, collection)
            check_samples(self.found, collection, self.plugin.metrics())
            check_given(self.found, collection)
            self._silence(collection, runs.session)
            if runs.session is None or not check_signatures(
                self.found, type(runs.session), Session
            ):
                return
            await self._connection(runs.session)
            if collection.error is None:
                await self._check_life(runs)
            if not is_blocking(runs.session.collect):
                await check_cancel(self.found, "collect()", self.collect(runs))
                await self._again(runs, "after a run that was cancelled")
        finally:
            await self.found.attempt("close()", self._close(runs))

    def _silence(self, collection: Collection, session: Session | None) -> None:
        found, plugin = self.found, self.plugin
        target, alone = plugin.target(self.fields), plugin.exclusive(self.fields)
        found.expect(
            target or not type(self.fields).model_fields,
            "target() is empty; say what people call the device (address or URL)",
        )
        check_facts(found, target, alone)
        check_settings(found, self.fields, "the fields of a device")
        check_settings(found, plugin.config, "settings")
        secrets = check_dump(found, self.fields) | check_dump(found, plugin.config)
        places = {
            "target()": target,
            "exclusive()": alone,
            "repr of the plugin": repr(plugin),
            "repr of the session": repr(session),
            "a label": [value for s in collection.samples for value in s.series.values],
            "the error of collect()": collection.error or "",
        }
        check_silence(found, secrets, places)

    async def _connection(self, session: Session) -> None:
        what = "test_connection" if isinstance(session, Plain) else "test"
        test = partial(session.test, make_context(timeout=self.timeout))
        try:
            said: object = await call(test, run_blocking=in_thread)
        except NotImplementedError:
            return
        except Exception as error:  # noqa: BLE001 (that is the finding)
            self.found.append(f"{what} raised {error!r} for the device of this check")
            return
        self.found.expect(
            isinstance(said, str) and said and "\n" not in said,  # pyright: ignore[reportUnnecessaryIsInstance] (an author may return anything)
            f"{what} gave {said!r}; say in one line that the device answers",
        )

    async def _check_life(self, runs: Runs) -> None:
        """Beside another session of its device, after the end of that one, and in a new one."""
        beside = self.runs()
        if self.plugin.exclusive(self.fields) is None:
            await self._together(runs, beside)
        else:
            await self._again(beside, "in a second session of the device")
        await self._close_twice(beside)
        await self._again(runs, "after the close of another session of the device")
        await self._close_twice(runs)
        await self._again(runs, "in a new session, after the close of the one before")

    async def _together(self, runs: Runs, beside: Runs) -> None:
        both = await asyncio.gather(self.collect(runs), self.collect(beside))
        errors = [collection.error for collection in both if collection.error]
        self.found.expect(
            not errors,
            f"two collections at once failed ({errors}); keep what belongs to a run in local variables, and"
            " what belongs to a device in its session, or say in exclusive() what only one may use",
        )

    async def _again(self, runs: Runs, when: str) -> None:
        error = (await self.collect(runs)).error
        self.found.expect(
            error is None or isinstance(error, PartialCollect),
            f"collect() {when} failed with {error!r}; what a session opens is its own, and goes with it",
        )

    async def _close_twice(self, runs: Runs) -> None:
        session = runs.session
        await self.found.attempt("close()", self._close(runs))
        runs.session = session
        await self.found.attempt("a second close()", self._close(runs))

    async def _close(self, runs: Runs) -> None:
        async with asyncio.timeout(CLOSE):
            await runs.close()

    async def _read_nothing(self, away: DeviceFields) -> None:
        runs = self.runs(away)
        nothing = await self.collect(runs)
        error = nothing.error
        check_given(self.found, nothing)
        self.found.expect(
            isinstance(error, DeviceUnreachable),
            f"for a device that does not answer collect() gave {error!r}; raise DeviceUnreachable",
        )
        secrets = secrets_of(away) | secrets_of(self.plugin.config)
        shown = {"the error for a device that does not answer": error or ""}
        check_silence(self.found, secrets, shown)
        what = "close() of a device that does not answer"
        await self.found.attempt(what, self._close(runs))


CLOSE: Final = 5.0
"""Seconds that the agent gives a `close`."""
REFUSING: Final = {
    f"orbital_sdk.{name}"
    for name in ("calling.invoke", "contract.plugin", "contract.session", "metric")
}
"""Modules that look at what a plugin gives."""


def _check_error(found: Findings, collection: Collection) -> None:
    error = collection.error
    if isinstance(error, OrbitalError):
        found.expect(
            isinstance(error, PartialCollect),
            f"collect() failed with {error!r}; give check_plugin a device that answers",
        )
    elif isinstance(error, (TypeError, ValueError, NotImplementedError)) and _is_advice(error):
        found.append(str(error))
    elif error is not None:
        found.append(
            f"collect() raised {error!r}; translate foreign errors into those of orbital_sdk"
            " (`raise DeviceUnreachable(...) from error`)"
        )
    elif not collection.samples:
        found.append("collect() gave no sample; a device that answers has one")


def _is_advice(error: Exception) -> bool:
    """Whether the SDK refused what the plugin gave, or the kit did: then its words say what to change."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return not frames or frames[-1].f_globals.get("__name__") in REFUSING
