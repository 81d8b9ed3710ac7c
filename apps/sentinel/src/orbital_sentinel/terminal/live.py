"""The screens of `sentinel top`."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from rich.console import Group
from rich.table import Table
from rich.text import Text

from orbital_sdk.text import plural
from orbital_sentinel.terminal.agent_report import output_state
from orbital_sentinel.terminal.wording import ago, counts, span

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
FEW: Final = 500
"""Tasks that are all asked for."""
WIDE: Final = 100
"""Columns from which there is room for devices."""
WINDOW: Final = 10.0
"""Seconds that rates are averaged over."""
REASONS: Final = 3
"""Lines for what is wrong with the sentinel as a whole."""
OUTPUTS: Final = 6
"""Lines for outputs, so that room is left for tasks."""
WELL: Final = ("ok", "not tried")
"""How the state of an output begins that is not wrong."""


class Frames:
    """Makes one screen after the other; rates are those of the last `WINDOW`.

    Args:
        get: Asks the running sentinel for a route of its API.
    """

    def __init__(self, get: Callable[[str], Any]) -> None:
        self._get = get
        self._before: deque[tuple[float, View]] = deque()
        """Earlier ones, the oldest first."""

    def next(self, width: int, height: int) -> Group:
        """The next screen.

        Args:
            width: Columns of the terminal.
            height: Its lines; tasks that do not fit are left out.
        """
        status = self._get("/api/v1/status")
        now = time.monotonic()
        while len(self._before) > 1 and self._before[0][0] < now - WINDOW:
            self._before.popleft()
        rates = _rates(status, self._before[0][1], now - self._before[0][0]) if self._before else {}
        self._before.append((now, status))
        reasons = list(_reasons(status, width))
        outputs = sorted(status["outputs"], key=_is_well)[:OUTPUTS]
        room = max(1, height - AROUND - len(reasons) - len(outputs))
        return Group(
            *_head(status, rates, width), *reasons, _outputs(outputs, rates, width),
            _tasks(self._worst(room, status["tasks"]["total"]), width),
        )  # fmt: skip

    def _worst(self, room: int, total: int) -> list[View]:
        """The tasks that a screen has room for, the worst first. Of many tasks only those are asked for, and
        one whose status changes meanwhile may be missing.
        """
        if total <= FEW:
            tasks = self._get(f"/api/v1/tasks?limit={FEW}")["tasks"]
            return sorted(tasks, key=lambda one: WORST_FIRST.index(_status(one)))[:room]
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
        f" buffer {plural(buffer['samples'], 'sample')}, {buffer['fill']:.0%} full",
        width,
        alarm=not status["ready"],
    )
    yield _line(f"{plural(tasks['total'], 'task')}: {counts(tasks['by_status'])}; {runs}", width)


def _reasons(status: View, width: int) -> Iterator[Text]:
    """What is wrong with the sentinel as a whole; outputs have lines of their own."""
    names = {one["name"] for one in status["outputs"]}
    found = [one for one in status["reasons"] if one["subject"] not in names]
    for one in sorted(found, key=lambda one: not one["blocks"])[:REASONS]:
        yield _line(f"! {one['message']}", width, alarm=True)


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


def _is_well(output: View) -> bool:
    return output_state(output).startswith(WELL)


def _outputs(outputs: list[View], rates: Mapping[str, float], width: int) -> Table:
    """Each with its address, or why it fails."""
    names = max(10, width // 8)
    table = _table("address", {"output": names, "state": 24, "waiting": -8, "samples/s": -9})
    for one in outputs:
        state = output_state(one)
        rate = f"{rates[one['name']]:,.0f}" if one["name"] in rates else ""
        waiting = f"{one['ledger']['waiting']:,}" if one["ledger"] else ""
        style = "green" if _is_well(one) else "bold red"
        about = one["reason"] or one.get("address", "")
        table.add_row(one["name"], Text(state, style), waiting, rate, about)
    return table


def _status(task: View) -> str:
    return "paused" if task["paused"] else task["status"]


def _tasks(tasks: list[View], width: int) -> Table:
    names, wide = max(14, width // 7), width >= WIDE
    columns = {"task": names, "device": names} if wide else {"task": names}
    table = _table("error", {**columns, "status": 8, "ago": -6, "took": -6})
    for one in tasks:
        status = _status(one)
        took = one["last_duration"]
        table.add_row(
            *((one["key"], one["device_id"]) if wide else (one["key"],)),
            Text(status, COLORS.get(status, "green" if status == "success" else "")),
            ago(one["last_started"]).removesuffix(" ago"),
            "" if took is None else f"{took:.2f}",
            one["paused"] or one["error"] or one["warning"],
        )
    return table
