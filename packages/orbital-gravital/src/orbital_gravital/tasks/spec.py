"""A task as Core writes it: read out of a list of any length, and made into one of ours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import msgspec

from orbital_gravital.calls.answers import data_of
from orbital_gravital.errors import CoreUnavailable
from orbital_runtime.settings.model.collector import TaskSection
from orbital_runtime.settings.problem import SettingsError
from orbital_runtime.settings.validation.check import checked

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from orbital_http import Reply
    from orbital_runtime.model import Task
    from orbital_runtime.settings.validation.binding import Binder

HIGHEST: Final = 9
"""Core's priorities go to 10."""
OF_PROTOCOL: Final = (("port",), ("username", "password"))
"""What of a device's connection is meant for its own protocol alone."""
LOGINS: Final = (("community", "version"), ("private_key",))
"""Flat logins of one protocol, whatever the device's is called: whoever knows the first field speaks it."""
ANOTHER: Final = "another"
"""A protocol that is not the plugin's, and that the row does not name."""
MOST: Final = 200_000
"""Entries of a list. What is known of each, usable or not, is kept."""


class _Data(msgspec.Struct):
    tasks: list[msgspec.Raw] | None = None
    config_version: int | None = None


class _List(msgspec.Struct):
    code: int
    data: _Data


class Speaker(NamedTuple):
    """A plugin, as far as it matters for what of a device's connection is meant for it."""

    protocols: Sequence[str]
    """What Core calls the protocols that it speaks."""
    fields: Collection[str]
    """The keys that it knows."""

    @classmethod
    def of(cls, plugin: str, binder: Binder) -> Speaker:
        """As the plugin declares it: `protocols` in its metadata, and the fields of its models."""
        declared: Any = binder.metadata(plugin).get("protocols") or (plugin, f"{plugin}s")
        protocols = (declared,) if isinstance(declared, str) else tuple(map(str, declared))
        return cls(protocols, binder.fields(plugin))

    def knows(self, login: Sequence[str]) -> bool:
        """Whether such a login is meant for it."""
        return login[0] in self.fields


class CoreTask(msgspec.Struct, frozen=True, gc=False):
    """The fields that matter of one entry; unknown ones are passed over."""

    task_id: str
    device_id: str
    plugin_name: str
    config: dict[str, Any] | None = None
    device: dict[str, Any] | None = None
    interval_seconds: float | None = None
    timeout_seconds: float | None = None
    retry_count: int | None = None
    priority: int | None = None
    enabled: bool | None = None
    id: Any = None
    last_executed_at: str | None = None
    next_execution_at: str | None = None

    @property
    def work(self) -> tuple[Any, ...]:
        """What makes it another task for us; each report changes other fields of it."""
        numbers = self.interval_seconds, self.timeout_seconds, self.retry_count, self.priority
        return self.device_id, self.plugin_name, numbers, self.config, self._connection

    @property
    def number(self) -> int:
        """Of its row at Core: what is made later has a greater one. 0 where Core does not say."""
        return self.id if isinstance(self.id, int) else 0

    @property
    def device_type(self) -> str:
        found = (self.config or {}).get("device_type") or (self.device or {}).get("device_type")
        return found if isinstance(found, str) else ""

    @property
    def _connection(self) -> Mapping[str, Any]:
        return _section((self.device or {}).get("connection_config"))

    @property
    def own(self) -> Mapping[str, Any]:
        """What somebody wrote for this task, without what Core merged in from its device."""
        of_device = {*self._connection, "auth", "device_type"}
        return {k: v for k, v in (self.config or {}).items() if k not in of_device}

    def fields(self, speaker: Speaker, *, connection: bool = True) -> dict[str, Any]:
        """Device and plugin fields in one flat map: those of `auth.config` come up beside the others.

        A port and a login that belong to another protocol of the device are left out.

        Args:
            speaker: The plugin; its first protocol is taken where nobody names one.
            connection: Whether to take what Core merged in from the device's connection.
        """
        protocols = speaker.protocols
        row, own = self._connection, self.config or {}
        if not connection:
            own = {k: v for k, v in own.items() if row.get(k) != v}
        flat = {**(row if connection else {}), **own}
        spoken = _protocol(row, speaker) or flat.get("protocol") or protocols[0]
        auth = _section(flat.get("auth"))
        if auth and auth == row.get("auth") and (_kind(auth) or spoken) not in protocols:
            del flat["auth"]
        else:
            flat = {**_section(auth.get("config")), **flat}
        strangers = [*OF_PROTOCOL] if spoken not in protocols else []
        strangers += [login for login in LOGINS if login[0] in row and not speaker.knows(login)]
        for names in strangers:
            if all(flat.get(name) == row.get(name) for name in names):
                flat = {name: value for name, value in flat.items() if name not in names}
        return {name: value for name, value in flat.items() if value is not None}


def _protocol(row: Mapping[str, Any], speaker: Speaker) -> object:
    """What a device is reached by: as its row names it, or as its login shows; else nothing."""
    if named := row.get("protocol"):
        return named.lower() if isinstance(named, str) else named
    if kind := _kind(_section(row.get("auth"))):
        return kind
    login = next((login for login in LOGINS if login[0] in row), None)
    if login is None:
        return ""
    return speaker.protocols[0] if speaker.knows(login) else ANOTHER


def _kind(auth: Mapping[str, Any]) -> str:
    """The protocol that a login is for, as its type begins; empty where it does not say."""
    kind = str(auth.get("type") or "").lower().partition("_")[0]
    return "" if kind == "none" else kind


def _section(value: object) -> Mapping[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


class Unreadable(NamedTuple):
    """An entry that is no task: it, or a field of it, has a type that is none of Core's."""

    reason: str
    task_id: str = ""
    """Where at least that can be read."""


class _Named(msgspec.Struct):
    task_id: str


_LIST: Final = msgspec.json.Decoder(_List)
_TASK: Final = msgspec.json.Decoder(CoreTask, strict=False)
_NAMED: Final = msgspec.json.Decoder(_Named)


def entries(answer: Reply, where: str) -> tuple[list[msgspec.Raw], int]:
    """The list, entry by entry and not read yet, and Core's `config_version`.

    Raises:
        CoreError: There is none in this answer.
    """
    if answer.status == 200:
        try:
            found = _LIST.decode(answer.body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            pass
        else:
            if found.code == 0:
                tasks = found.data.tasks or []
                if len(tasks) > MOST:
                    raise CoreUnavailable(
                        f"{where} answered with {len(tasks):,} tasks; {MOST:,} fit"
                    )
                return tasks, found.data.config_version or 0
    data_of(answer, where)
    raise CoreUnavailable(f"{where} answered without a list of tasks")


def read(entry: msgspec.Raw) -> CoreTask | Unreadable:
    """One entry of the list."""
    try:
        task = _TASK.decode(entry)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        return Unreadable(f"it cannot be read: {error}", _name(entry))
    return task if task.task_id else Unreadable("it has no task_id")


def _name(entry: msgspec.Raw) -> str:
    try:
        return _NAMED.decode(entry).task_id
    except (msgspec.DecodeError, ValueError, RecursionError):
        return ""


def bind(entry: CoreTask, binder: Binder) -> Task:
    """The task that we can run. Keys that its plugin does not know are passed over; those that were written
    for it, and not for its device, are its warning.

    Args:
        entry: From Core.
        binder: Made with `strict=False`.

    Raises:
        SettingsError: All that is wrong with it.
    """
    values: dict[str, Any] = {
        "id": entry.task_id,
        "device_id": entry.device_id,
        "plugin": entry.plugin_name,
        "interval": _positive(entry.interval_seconds),
        "timeout": _positive(entry.timeout_seconds),
        "priority": None if entry.priority is None else min(max(entry.priority, 0), HIGHEST),
        "retry_count": None if entry.retry_count is None else min(max(entry.retry_count, 0), 100),
    }
    given = {k: v for k, v in values.items() if v is not None}
    warning = "; ".join(map(str, binder.strangers(entry.plugin_name, entry.own)))
    return replace(_bound(entry, given, binder), source="core", warning=warning)


def _bound(entry: CoreTask, given: dict[str, Any], binder: Binder) -> Task:
    speaker = Speaker.of(entry.plugin_name, binder)
    try:
        return _with(given, entry.fields(speaker), binder)
    except SettingsError as error:
        try:  # a page has a url of its own, and Core put the device's host beside it
            return _with(given, entry.fields(speaker, connection=False), binder)
        except SettingsError:
            raise error from None


def _with(values: dict[str, Any], config: dict[str, Any], binder: Binder) -> Task:
    return binder.bind(checked(TaskSection, {**values, "config": config}, at=()))


def reason(error: SettingsError) -> str:
    """All of it in one line."""
    return "; ".join(str(problem) for problem in error.problems)


def _positive(seconds: float | None) -> float | None:
    """A column that is null or 0 says nothing."""
    return seconds if seconds and seconds > 0 else None
