"""A task in Core's format: reads the entries of a list, and makes tasks of them."""

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
"""The highest priority here; Core's go to 10."""
OF_PROTOCOL: Final = (("port",), ("username", "password"))
"""Groups of connection fields that apply only to the device's own protocol."""
LOGINS: Final = {"snmp": ("community", "version"), "ssh": ("private_key",)}
"""Login fields that only one protocol has: a row with the first of them speaks it."""
MOST: Final = 200_000
"""Maximum entries of a list. Each is kept in memory, usable or not."""


class _Data(msgspec.Struct):
    tasks: list[msgspec.Raw] | None = None
    config_version: int | None = None


class _List(msgspec.Struct):
    code: int
    data: _Data


class Speaker(NamedTuple):
    """What decides which connection fields of a device apply to a plugin."""

    protocols: Sequence[str]
    """Core's names of the protocols that the plugin speaks."""
    fields: Collection[str]
    """The keys that the plugin accepts."""

    @classmethod
    def of(cls, plugin: str, binder: Binder) -> Speaker:
        """From the plugin's declarations: `protocols` in its metadata, and the fields of its models."""
        declared: Any = binder.metadata(plugin).get("protocols") or (plugin, f"{plugin}s")
        protocols = (declared,) if isinstance(declared, str) else tuple(map(str, declared))
        return cls(protocols, binder.fields(plugin))

    def takes(self, protocol: str) -> bool:
        """Whether a login of this protocol is meant for the plugin: it speaks it, or has its first field."""
        return protocol in self.protocols or LOGINS[protocol][0] in self.fields


class CoreTask(msgspec.Struct, frozen=True, gc=False):
    """The used fields of one entry; unknown ones are ignored."""

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
        """The fields that define the task; Core changes other fields with each report."""
        numbers = self.interval_seconds, self.timeout_seconds, self.retry_count, self.priority
        return self.device_id, self.plugin_name, numbers, self.config, self._connection

    @property
    def number(self) -> int:
        """Number of its row at Core; later tasks have greater numbers. 0 if unknown."""
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
        """The fields written for this task, without those that Core merged in from its device."""
        of_device = {*self._connection, "auth", "device_type"}
        return {k: v for k, v in (self.config or {}).items() if k not in of_device}

    def fields(self, speaker: Speaker, *, connection: bool = True) -> dict[str, Any]:
        """Device and plugin fields in one flat map; those of `auth.config` are moved to the top level.

        A port and a login of another protocol of the device are left out.

        Args:
            speaker: The plugin; its first protocol is used where none is named.
            connection: Whether to include what Core merged in from the device's connection.
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
        strangers += [LOGINS[login] for login in _logins(row) if not speaker.takes(login)]
        for names in strangers:
            if all(flat.get(name) == row.get(name) for name in names):
                flat = {name: value for name, value in flat.items() if name not in names}
        return {name: value for name, value in flat.items() if value is not None}


def _protocol(row: Mapping[str, Any], speaker: Speaker) -> object:
    """The protocol of the device: as its row names it, or as its login implies; empty if unknown."""
    if named := row.get("protocol"):
        return named.lower() if isinstance(named, str) else named
    if kind := _kind(_section(row.get("auth"))):
        return kind
    logins = _logins(row)
    return speaker.protocols[0] if any(map(speaker.takes, logins)) else "".join(logins[:1])


def _logins(row: Mapping[str, Any]) -> list[str]:
    """The protocols whose own login fields stand flat in the row."""
    return [protocol for protocol, fields in LOGINS.items() if fields[0] in row]


def _kind(auth: Mapping[str, Any]) -> str:
    """The protocol of a login, from the start of its type; empty if it has none."""
    kind = str(auth.get("type") or "").lower().partition("_")[0]
    return "" if kind == "none" else kind


def _section(value: object) -> Mapping[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


class Unreadable(NamedTuple):
    """An entry that is not a valid task: it or one of its fields has a wrong type."""

    reason: str
    task_id: str = ""
    """The task's id, if that can be read."""


class _Named(msgspec.Struct):
    task_id: str


_LIST: Final = msgspec.json.Decoder(_List)
_TASK: Final = msgspec.json.Decoder(CoreTask, strict=False)
_NAMED: Final = msgspec.json.Decoder(_Named)


def entries(answer: Reply, where: str) -> tuple[list[msgspec.Raw], int]:
    """The undecoded entries of the list, and Core's `config_version`.

    Raises:
        CoreError: The answer has no list.
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
    """Decode one entry of the list."""
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


def bind(entry: CoreTask, binder: Binder, speaker: Speaker) -> Task:
    """Make a runnable task. Keys that its plugin does not know are ignored; those written for the task
    itself, not for its device, give a warning.

    Args:
        entry: From Core.
        binder: Made with `strict=False`.
        speaker: Its plugin.

    Raises:
        SettingsError: All problems of the entry.
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
    warning = "; ".join(map(str, binder.unknown_keys(entry.plugin_name, entry.own)))
    bound = _bound(entry, given, binder, speaker)
    return replace(bound, source="core", warning=warning)


def _bound(entry: CoreTask, given: dict[str, Any], binder: Binder, speaker: Speaker) -> Task:
    try:
        return _with(given, entry.fields(speaker), binder)
    except SettingsError as error:
        try:  # a task with a url, beside which Core put the device's host
            return _with(given, entry.fields(speaker, connection=False), binder)
        except SettingsError:
            raise error from None


def _with(values: dict[str, Any], config: dict[str, Any], binder: Binder) -> Task:
    return binder.bind(checked(TaskSection, {**values, "config": config}, at=()))


def reason(error: SettingsError) -> str:
    """All problems in one line."""
    return "; ".join(str(problem) for problem in error.problems)


def _positive(seconds: float | None) -> float | None:
    """The value, or None where the column is null or not positive."""
    return seconds if seconds and seconds > 0 else None
