"""Explains what is asked for: a task, a device, an output, or all that is not well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from orbital_console.explain import outputs, reasons, tasks
from orbital_runtime.slices import in_slices

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    from orbital_console.explain.explanation import Explanation
    from orbital_console.history.runs import RunHistory
    from orbital_runtime.extensions import Views

View = dict[str, Any]
LISTED: Final = 1000
"""Tasks of one device, or with trouble, that are explained at most."""
FINE: Final = ("ok", "waiting")
RANK: Final = {"unusable": 0, "paused": 1, "failing": 2, "partial": 3, "waiting": 4, "ok": 5}
"""The worst first."""


class Explainer:
    """Answers for one agent.

    Args:
        views: The agent's state.
        history: Its runs.
        metadata: The metadata of a plugin, by its name: it may have advice.
    """

    def __init__(
        self, views: Views, history: RunHistory, metadata: Callable[[str], Mapping[str, Any]]
    ) -> None:
        self._views = views
        self._history = history
        self._metadata = metadata

    async def about(self, name: str) -> list[Explanation]:
        """All tasks, devices and outputs of this name; empty if there is none. The worst first."""
        found = [outputs.explain(one) for one in self._views.outputs() if one["name"] == name]
        for field in ("key", "device_id"):
            found += await self._tasks({field: name})
        unique = {one.subject: one for one in found}
        return _sorted(unique.values())

    async def troubles(self) -> list[Explanation]:
        """All that is not well, the worst first; `LISTED` tasks at most."""
        known = {one["name"]: outputs.explain(one) for one in self._views.outputs()}
        wrong = {name: one for name, one in known.items() if one.state not in FINE}
        status = await self._views.status()
        others = [reasons.explain(one) for one in status["reasons"] if one["subject"] not in wrong]
        bad = [view async for view in self.all_tasks() if tasks.state(view) not in FINE]
        return _sorted([*wrong.values(), *others, *await self.explain(bad[:LISTED])])

    async def all_tasks(self) -> AsyncIterator[View]:
        """Every task, as in `/api/v1/tasks`."""
        offset, total = 0, 1
        while offset < total:
            page = await self._views.tasks(limit=LISTED, offset=offset)
            offset, total = offset + LISTED, page["total"]
            for view in page["tasks"]:
                yield view

    async def _tasks(self, wanted: dict[str, str]) -> list[Explanation]:
        page = await self._views.tasks(limit=LISTED, wanted=wanted)
        return await self.explain(page["tasks"])

    async def explain(self, views: Iterable[View]) -> list[Explanation]:
        """Explain tasks of the API, in slices: the runs of each are decoded."""
        return [self.explained(view) async for view in in_slices(views)]

    def explained(self, view: View) -> Explanation:
        """Explain a task of the API."""
        metadata = self._metadata(view["plugin"])
        return tasks.explain(view, self._history.of(view["key"]), metadata)


def _sorted(found: Iterable[Explanation]) -> list[Explanation]:
    return sorted(found, key=lambda one: RANK[one.state])
