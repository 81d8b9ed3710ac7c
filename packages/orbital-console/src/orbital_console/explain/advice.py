"""What to do about an error, by its class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from orbital_sdk.text import cut

_TASK: Final[dict[str, tuple[str, ...]]] = {
    "DeviceUnreachable": (
        "check that the device is on and reachable from this machine: `sentinel test {task}` asks it now",
        "compare address and port of the task with those of the device",
        "look for a firewall or an access list on the way",
    ),
    "AuthenticationFailed": (
        "compare the credentials of the task with those of the device",
        "correct them in the configuration: it is applied at once",
        "`sentinel trigger {task} --in-agent` tries again now",
    ),
    "ConfigurationError": (
        "correct the setting that the error names; the configuration is applied when the file is saved",
    ),
    "UnexpectedReply": (
        "check that the address and the port belong to this service, and not to another one",
        "`sentinel test {task}` shows the answer; a device with other firmware may need other settings",
    ),
    "Timeout": (
        "the device is slower than `timeout` ({timeout}): increase it, or collect less in one task",
        "`sentinel trigger {task}` shows how long one run takes",
    ),
    "PartialCollect": (
        "the rest is collected; the error names what the device did not give",
        "remove what it does not have from the task, or allow it on the device",
    ),
    "Unusable": ("correct the task where it is defined: the error names what is missing",),
    "Bug": (
        "this is a bug of the plugin: the log has a traceback, please report it to the plugin's author",
        "`sentinel plugins list` shows the installed version",
    ),
}
_OTHER: Final = ("`sentinel test {task}` asks the device now, and the log may say more",)
_OUTPUT: Final[dict[str, tuple[str, ...]]] = {
    "paused": (
        "correct what the destination refused: address, credentials or the path of a proxy between",
        "`sentinel validate --connect` asks it without storing a sample; a reload tries delivery at once",
    ),
    "failing": (
        "check that {address} is up, and that this machine reaches it; delivery continues by itself",
        "until then samples wait in the buffer: `sentinel buffer status` shows for how long there is room",
    ),
    "orphaned": (
        "configure the output again, or drop its samples: `sentinel buffer drop --output {output}`",
    ),
    "none": ("its samples wait: configure the output again",),
    "letters": (
        "`sentinel buffer dead-letters list --output {output}` shows what was refused, and why",
        "after a correction send them again: `sentinel buffer dead-letters replay --output {output}`",
    ),
}


LONGEST: Final = 500
"""Bytes of a sentence of a plugin."""
MOST: Final = 10
"""Sentences of a plugin."""


def for_task(kind: str, own: Mapping[str, Any], **names: str) -> tuple[str, ...]:
    """Advice for a task, that of its plugin first.

    Args:
        kind: The class of the error.
        own: The metadata of its plugin, whose `advice` has sentences for classes of errors.
        names: `task`, `target` and `timeout`.
    """
    return tuple(
        _filled(line, names) for line in (*_of_plugin(own, kind), *_TASK.get(kind, _OTHER))
    )


def _of_plugin(metadata: Mapping[str, Any], kind: str) -> list[str]:
    """What a third party wrote: anything but a list of sentences is ignored."""
    table = metadata.get("advice")
    lines = cast("Mapping[str, Any]", table).get(kind) if isinstance(table, Mapping) else None
    given = cast("list[Any]", lines)[:MOST] if isinstance(lines, list) else []
    return [cut(line, LONGEST) for line in given if isinstance(line, str)]


def _filled(line: str, names: Mapping[str, str]) -> str:
    for name, text in names.items():
        line = line.replace(f"{{{name}}}", text)
    return line


def for_output(trouble: str, **names: str) -> tuple[str, ...]:
    """Advice for an output.

    Args:
        trouble: `paused`, `failing`, `orphaned`, `none`, or `letters` for its dead letters.
        names: `output` and `address`.
    """
    return tuple(_filled(line, names) for line in _OUTPUT.get(trouble, ()))
