"""Interprets Core's answers, by HTTP status and by the JSON envelope."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast

from orbital_gravital.errors import (
    CoreError,
    CoreMisconfigured,
    CorePanicked,
    CoreRefused,
    CoreTooLarge,
    CoreUnavailable,
    IdentityLost,
    NotThere,
)
from orbital_http import one_line

if TYPE_CHECKING:
    from orbital_http import Reply

NO_SENTINEL: Final = "sentinel not found"
NO_TASK: Final = "task not found"
FULL: Final = "buffer is full"
ROOM_IN: Final = 2.0
"""Seconds to wait when Core's forward channel is full: the samples are not the cause."""


def data_of(reply: Reply, where: str) -> Any:
    """The `data` of a successful answer; None if it has none.

    Args:
        reply: The answer.
        where: Method and address, for messages.

    Raises:
        CoreError: One of its subclasses.
    """
    envelope = _envelope(reply.body)
    if reply.status == 200 and envelope is not None and envelope.get("code") == 0:
        return envelope.get("data")
    raise _error(reply, envelope, where)


def _envelope(body: bytes | bytearray) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _error(reply: Reply, envelope: dict[str, Any] | None, where: str) -> CoreError:
    status, words = reply.status, _words(reply, envelope)
    message = f"{where} answered {status}{f': {words}' if words else ''}"
    if status == 200 and envelope is None:
        return CoreUnavailable(f"{message} (that is not an answer of Core; look at core.url)")
    if kind := _kind(reply, envelope, words):
        return kind(message)
    if status == 200 or reply.is_temporary:
        pause = reply.retry_after
        if pause is None and words.endswith(FULL):
            pause = ROOM_IN
        return CoreUnavailable(message, retry_after=pause)
    return CoreMisconfigured(f"{message} ({_advice(status)})")


def _kind(reply: Reply, envelope: dict[str, Any] | None, words: str) -> type[CoreError] | None:
    """The error class of an answer for which a retry does not help; None for others."""
    status, code = reply.status, None if envelope is None else envelope.get("code")
    cases: list[tuple[bool, type[CoreError]]] = [
        (status in {401, 403} or _is_group(code, 2) or words.endswith(NO_SENTINEL), IdentityLost),
        (words.endswith(NO_TASK) or (status == 404 and envelope is not None), NotThere),
        (status == 413, CoreTooLarge),
        (
            (
                status in {400, 422} and envelope is not None
            )  # nginx answers 400 to a bad certificate
            or (status == 200 and _is_group(code, 4)),
            CoreRefused,
        ),
        (status == 500 and not reply.body, CorePanicked),
    ]
    return next((error for holds, error in cases if holds), None)


def _is_group(code: object, first: int) -> bool:
    """Whether the code is in this group: 20001 is in group 2."""
    return isinstance(code, int) and not isinstance(code, bool) and code // 10_000 == first


def _advice(status: int) -> str:
    if status < 400:
        return "redirects are not followed; look at core.url"
    if status in {400, 422}:
        return (
            "that is not an answer of Core; look at core.cert_file, and at what stands before Core"
        )
    if status == 407:
        return "the proxy wants credentials; put them into core.proxy_url"
    return "nothing of Core's is at that address; look at core.url"


def _words(reply: Reply, envelope: dict[str, Any] | None) -> str:
    said = envelope.get("message") if envelope else reply.text
    return one_line(said) if isinstance(said, str) else ""
