"""The screens of `sentinel top`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from rich.console import Group
from rich.table import Table
from rich.text import Text

from orbital_sentinel.terminal.agent_report import ago, counts, output_state, span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

View = dict[str, Any]
WORST_FIRST: Final = ("unusable", "paused", "failed", "running", "pending", "success")
COLORS: Final = {
    "failed": "bold red",
    "paused": "bold red",
    "unusable": "bold red",
    "running": "cyan",
}
AROUND: Final = 5
"""Lines for the header and the heads of the tables."""


class Frames:
    """Makes one screen after the other; rates are those between two screens.

    Args:
        get: Asks the running sentinel for a route of its API.
    """

    def __init__(self, get: Callable[[str], Any]) -> None:
        self._get = get
        self._before: tuple[float, View] | None = None

    def next(self, width: int, height: int) -> Group:
        """The next screen.

        Args:
            width: Columns of the terminal.
            height: Its lines; tasks that do not fit are left out.
        """
        status = self._get("/api/v1/status")
        now = time.monotonic()
        before, self._before = self._before, (now, status)
        rates = _rates(status, before[1], now - before[0]) if before else {}
        outputs = status["outputs"]
        room = max(1, height - AROUND - len(outputs) - 2)
        return Group(
            *_head(status, rates, width), _outputs(outputs, rates), _tasks(self._worst(room), width)
        )

    def _worst(self, room: int) -> list[View]:
        """The tasks that a screen has room for, the worst first."""
        found: list[View] = []
        for status in WORST_FIRST:
            if len(found) < room:
                query = urlencode({"status": status, "limit": room - len(found)})
                found += self._get(f"/api/v1/tasks?{query}")["tasks"]
        return found


def _rates(now: View, before: View, seconds: float) -> dict[str, float]:
    """Runs a second, and samples a second of each output."""
    earlier = {one["name"]: _delivered(one) for one in before["outputs"]}
    gone = {
        one["name"]: _delivered(one) - earlier[one["name"]]
        for one in now["outputs"]
        if one["name"] in earlier
    }
    gone[""] = now["tasks"]["runs"] - before["tasks"]["runs"]
    return {name: max(0, count) / seconds for name, count in gone.items()}


def _delivered(output: View) -> int:
    return output["ledger"]["delivered"] if output["ledger"] else 0


def _head(status: View, rates: Mapping[str, float], width: int) -> Iterator[Text]:
    tasks, buffer = status["tasks"], status["buffer"]
    ready = "ready" if status["ready"] else "not ready"
    runs = f"{tasks['missed']} missed" + (f", {rates['']:.1f} runs/s" if rates else "")
    yield _line(
        f"{status['sentinel']['name']}  {status['state']}, {ready}, up {span(status['uptime'])};"
        f" buffer {buffer['samples']:,} samples, {buffer['fill']:.0%} full",
        width,
        alarm=not status["ready"],
    )
    yield _line(f"tasks {tasks['total']}: {counts(tasks['by_status'])}; {runs}", width)


def _line(text: str, width: int, *, alarm: bool = False) -> Text:
    line = Text(text, style="bold red" if alarm else "", no_wrap=True)
    line.truncate(width, overflow="ellipsis")
    return line


def _table(last: str, columns: Mapping[str, int]) -> Table:
    """A table whose last column takes the room that the others leave.

    Args:
        last: Its head.
        columns: Head of each other column -> its width; a negative one is right-aligned.
    """
    table = Table(box=None, pad_edge=False, header_style="reverse", expand=True)
    for column, width in columns.items():
        side = "left" if width > 0 else "right"
        table.add_column(column, width=abs(width), no_wrap=True, overflow="ellipsis", justify=side)
    table.add_column(last, ratio=1, no_wrap=True, overflow="ellipsis")
    return table


def _outputs(outputs: list[View], rates: Mapping[str, float]) -> Table:
    table = _table("address", {"output": 12, "state": 24, "waiting": -10, "samples/s": -9})
    for one in outputs:
        state = output_state(one)
        rate = f"{rates[one['name']]:,.0f}" if one["name"] in rates else ""
        waiting = f"{one['ledger']['waiting']:,}" if one["ledger"] else ""
        style = "" if state.startswith(("ok", "not tried")) else "bold red"
        table.add_row(one["name"], Text(state, style), waiting, rate, one.get("address", ""))
    return table


def _tasks(tasks: list[View], width: int) -> Table:
    names = max(10, width // 6)
    table = _table("error", {"task": names, "device": names, "status": 8, "last": -9, "took": -7})
    for one in tasks:
        status = "paused" if one["paused"] else one["status"]
        took = one["last_duration"]
        table.add_row(
            one["key"],
            one["device_id"],
            Text(status, COLORS.get(status, "green" if status == "success" else "")),
            ago(one["last_started"]),
            "" if took is None else f"{took:.3f}",
            one["paused"] or one["error"] or one["warning"],
        )
    return table
