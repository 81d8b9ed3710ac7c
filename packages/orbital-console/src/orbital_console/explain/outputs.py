"""Explains an output from its view in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orbital_console.explain.advice import for_output
from orbital_console.explain.explanation import Cause, Explanation
from orbital_sdk.text import plural

if TYPE_CHECKING:
    from orbital_console.explain.explanation import State

View = dict[str, Any]


def explain(output: View) -> Explanation:
    """Explain one output.

    Args:
        output: As in `/api/v1/outputs`.
    """
    ledger: View = output["ledger"] or {}
    trouble, state = _trouble(output)
    names = {"output": output["name"], "address": output.get("address") or "the destination"}
    advice = for_output(trouble, **names)
    if ledger.get("letters"):
        advice += for_output("letters", **names)
    why = output["reason"] or output.get("last_error", "")
    first = output.get("first_error") or why
    return Explanation(
        subject=f"output {output['name']}",
        state=state,
        summary=_summary(output, trouble, ledger),
        since=output.get("orphaned_since") or output.get("first_error_ms"),
        cause=Cause(first, trouble, output.get("first_error_ms"))
        if why and state != "ok"
        else None,
        last=Cause(why, trouble, output.get("last_error_ms")) if first != why else None,
        next_at=output.get("until_ms"),
        next_why=_why(trouble),
        left_out=_left_out(ledger),
        advice=advice,
        asked=output.get("address", "") if output.get("requests") else "",
        asked_at=_latest(output),
        answered=_answered(output, why) if output.get("requests") else "",
    )


def _latest(output: View) -> int | None:
    """When the destination last answered, or did not."""
    times = [output.get("last_success_ms"), output.get("last_error_ms")]
    return max((one for one in times if one), default=None)


def _answered(output: View, why: str) -> str:
    return why if output.get("first_error_ms") else "it stored what was sent"


def _trouble(output: View) -> tuple[str, State]:
    phase = output["phase"]
    if phase == "paused":
        return "paused", "paused"
    if phase in ("orphaned", "none"):
        return phase, "waiting"
    if output.get("breaker", "closed") != "closed" or output["reason"]:
        return "failing", "failing"
    return "", "ok" if output.get("requests") else "waiting"


def _summary(output: View, trouble: str, ledger: View) -> str:
    waiting = plural(ledger.get("waiting", 0), "sample waits", "samples wait")
    why = output["reason"] or output.get("last_error", "")
    match trouble:
        case "paused":
            return f"it is paused, {waiting}: {why}"
        case "failing":
            return f"the destination does not take samples, {waiting}: {why}"
        case "orphaned" | "none":
            return f"it is not configured any more, {waiting}"
        case _:
            return f"{plural(ledger.get('delivered', 0), 'sample')} delivered, {waiting}"


def _why(trouble: str) -> str:
    return {
        "paused": "sender.pause_retry: what was refused is not sent again at once",
        "failing": "retries with growing pauses",
    }.get(trouble, "")


def _left_out(ledger: View) -> dict[str, int]:
    counted = {"dead letters": ledger.get("letters", 0), **ledger.get("dropped", {})}
    return {name: count for name, count in counted.items() if count}
