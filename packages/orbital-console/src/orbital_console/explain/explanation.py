"""One explanation, as the API gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from orbital_console.history.runs import Attempt  # noqa: TC001 (msgspec reads annotations when it runs)

if TYPE_CHECKING:
    from collections.abc import Iterable

State = Literal["ok", "failing", "paused", "partial", "waiting", "unusable"]


class Cause(msgspec.Struct, frozen=True):
    """An error, and when it was seen."""

    error: str
    kind: str
    """The class of the error, such as `DeviceUnreachable`; for outputs the phase."""
    at: int | None = None
    """Milliseconds UTC."""


class Explanation(msgspec.Struct, frozen=True):
    """What is known about a task or an output. Times are milliseconds UTC."""

    subject: str
    """`task KEY` or `output NAME`."""
    state: State
    summary: str
    """One sentence."""
    since: int | None = None
    """When the state began, if it is known."""
    cause: Cause | None = None
    """The first error of this trouble."""
    last: Cause | None = None
    """The newest error, if it differs from the first."""
    next_at: int | None = None
    """Time of the next attempt."""
    next_why: str = ""
    """Why it is not earlier."""
    left_out: dict[str, int] = {}
    """What was not collected or not delivered, counted by reason."""
    advice: tuple[str, ...] = ()
    """What to do, the most promising first."""
    runs: tuple[Attempt, ...] = ()
    """The last runs, the oldest first."""
    device: str = ""
    plugin: str = ""
    asked: str = ""
    """What was asked last: the target and the plugin."""
    asked_at: int | None = None
    answered: str = ""
    """What came of it."""
    dropped: dict[str, int] = {}
    """Samples of the last run that were left out, by rule: a reason, or `processor NAME`."""

    @property
    def first(self) -> str:
        """The first error, where the summary tells of a newer one."""
        if not self.cause or not self.last or self.cause.error in self.summary:
            return ""
        return self.cause.error

    @property
    def group(self) -> object:
        """The same for all that share state, first error and the kind of the newest one."""
        if self.cause is None:
            return self.subject
        return self.state, self.cause.error, (self.last or self.cause).kind


def alike(found: Iterable[Explanation]) -> list[list[Explanation]]:
    """Group what shares state and error, in the order of the first of each."""
    groups: dict[object, list[Explanation]] = {}
    for one in found:
        groups.setdefault(one.group, []).append(one)
    return list(groups.values())
