"""What the routes of the API and of the pages are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orbital_console.explain import neighbours
from orbital_console.explain.explainer import Explainer
from orbital_runtime.threads import in_background

if TYPE_CHECKING:
    from orbital_console.events import Events
    from orbital_console.explain.neighbours import Link
    from orbital_console.history.history import History
    from orbital_runtime.extensions import ExtensionHost, Views

View = dict[str, Any]
LINKS: int = 2000
"""Links at most."""


@dataclass(frozen=True, slots=True)
class Context:
    """The state of one agent."""

    host: ExtensionHost
    history: History
    events: Events

    @property
    def views(self) -> Views:
        """What the agent's own API answers."""
        return self.host.views

    @property
    def explainer(self) -> Explainer:
        """Explains with the present history."""
        return Explainer(self.views, self.history.runs, self.host.metadata)

    async def all_tasks(self) -> list[View]:
        """Every task, as in `/api/v1/tasks`."""
        return [view async for view in self.explainer.all_tasks()]

    async def links(self) -> list[Link]:
        """Which devices are neighbours."""
        plugins = set(self.history.flow.plugins)
        names = neighbours.metrics(plugins, self.host.metadata)
        if not names:
            return []
        read = self.history.values.of(
            lambda origin: origin.plugin in plugins,
            select=lambda name, _: name in names,
            most=LINKS,
        )
        return neighbours.links(await in_background(read))
