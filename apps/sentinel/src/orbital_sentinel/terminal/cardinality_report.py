"""What `sentinel cardinality` prints: tables that fit 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from orbital_sentinel.terminal.output import say
from orbital_sentinel.terminal.table import table

if TYPE_CHECKING:
    from collections.abc import Mapping

WIDEST: Final = 36
"""Characters of a name."""


def show(told: Mapping[str, Any]) -> None:
    """The report of the agent."""
    say(f"{told['series']:,} series; {told['churn']:,} more came and went within the hour")
    if limits := [f"{name} {most:,}" for name, most in told["limits"].items() if most is not None]:
        say(f"limits: {', '.join(limits)}")
    for one in told["warnings"]:
        say(f"warning: {one['words']}")
    for kind in ("metric", "device", "task"):
        if rows := [
            (_short(one[kind]), f"{one['series']:,}", f"{one['churn']:,}")
            for one in told[f"{kind}s"]
        ]:
            say()
            table((kind, "series", "churn"), rows)
    if labels := told["labels"]:
        say()
        table(
            ("label", "of metric", "values"),
            [(_short(one["label"]), _short(one["metric"]), _count(one)) for one in labels],
        )


def _count(label: Mapping[str, Any]) -> str:
    about = "" if label["exact"] else "~"
    return f"{about}{label['values']:,}"


def _short(name: str) -> str:
    return name if len(name) <= WIDEST else f"{name[: WIDEST - 1]}…"
