"""One operation of the API: its route, and what the document says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response


class Parameter(NamedTuple):
    """One parameter of a query."""

    name: str
    text: str
    kind: Literal["string", "integer"] = "string"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation."""

    path: str
    """As Starlette spells it: `{name}`, `{name:path}`."""
    summary: str
    answer: Any
    """Type of the answer, as `msgspec.json.schema` takes it."""
    endpoint: Callable[[Request], Awaitable[Response]] | None = None
    """None for those of the agent itself."""
    query: tuple[Parameter, ...] = ()
    method: str = "GET"
    refusals: tuple[int, ...] = ()
    """Codes beside 200 that it may answer with."""

    @property
    def route(self) -> Route:
        """Its route.

        Raises:
            ValueError: The agent itself serves it.
        """
        if self.endpoint is None:
            raise ValueError(f"the agent itself serves {self.path}")
        return Route(self.path, self.endpoint, methods=[self.method])
