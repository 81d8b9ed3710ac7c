"""A part of a long table: searched, filtered by state, sorted, a page of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from orbital_runtime.telemetry.server.requests import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

View = dict[str, Any]

ROWS: Final = 200
"""Rows of a page."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a client asked for."""

    q: str
    state: str
    sort: str
    """Field; `-` before it for the largest first; empty for the order of the rows."""
    page: int
    rows: Sequence[View] = ()
    total: int = 0

    @property
    def first(self) -> int:
        """Number of the first row, from 0."""
        return self.page * ROWS

    def link(self, **changes: Any) -> str:
        """Query of the same with these changes."""
        asked = {"q": self.q, "state": self.state, "sort": self.sort, "page": self.page} | changes
        return "?" + urlencode({name: value for name, value in asked.items() if value})

    def sorted_by(self, field: str) -> str:
        """Query of the same, sorted by this field; the other way round if it is already."""
        return self.link(sort=f"-{field}" if self.sort == field else field, page=0)

    def order(self, field: str) -> str:
        """Value of `aria-sort` of this column."""
        return {field: "ascending", f"-{field}": "descending"}.get(self.sort, "none")


def listing(
    request: Request, rows: Sequence[View], searched: Sequence[str], ranks: dict[str, int]
) -> Listing:
    """The rows that the query asks for.

    Args:
        request: With `q`, `state`, `sort` and `page`.
        rows: All, each with a `state`.
        searched: Fields in which `q` is searched.
        ranks: Order of the states.
    """
    query = request.query_params
    asked = Listing(
        query.get("q", ""),
        query.get("state", ""),
        query.get("sort", ""),
        number(request, "page", 0),
    )
    text = asked.q.lower()
    found = [
        row
        for row in rows
        if asked.state in ("", row["state"])
        and (not text or any(text in str(row[field]).lower() for field in searched))
    ]
    field = asked.sort.removeprefix("-")
    if rows and field in rows[0]:
        found.sort(key=lambda row: _key(row, field, ranks), reverse=asked.sort.startswith("-"))
    shown = found[asked.first : asked.first + ROWS]
    return Listing(asked.q, asked.state, asked.sort, asked.page, shown, len(found))


def _key(row: View, field: str, ranks: dict[str, int]) -> tuple[bool, Any]:
    """Rows without a value come first."""
    value = ranks[row[field]] if field == "state" else row[field]
    if isinstance(value, str):
        value = value.lower()
    elif not isinstance(value, int | float | None):
        value = str(value)
    return value is not None, value
