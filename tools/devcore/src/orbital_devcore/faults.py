"""Faults on request: what the next requests to some paths meet."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Fault(BaseModel):
    """One fault; it ends by itself after `count` requests."""

    model_config = ConfigDict(extra="forbid")

    path: str = "/api/v1/"
    """Requests whose path begins so."""
    contains: Annotated[str, Field(max_length=1000)] = ""
    """Only those with this text in their body, unpacked: a payload that the server breaks over."""
    count: Annotated[int, Field(ge=1)] | None = None
    """How many requests; None: all, until it is taken back."""
    latency_ms: Annotated[int, Field(ge=0, le=600_000)] = 0
    status: Annotated[int, Field(ge=400, le=599)] | None = None
    retry_after: str | None = None
    """The header, with `status`: seconds or a date."""
    body: str | None = None
    """Instead of the envelope, with `status`; with `garbage`, what a 200 carries."""
    kind: Literal["answer", "garbage", "cut_before", "cut_after"] = "answer"
    """`cut_before` drops the connection unheard; `cut_after` does the work and drops the answer."""

    def __str__(self) -> str:
        what = [f"{self.latency_ms} ms late"] * bool(self.latency_ms)
        if self.status is not None:
            what.append(f"answered {self.status}")
        elif self.kind != "answer":
            what.append(self.kind.replace("_", " "))
        calls = "calls" if self.count is None else f"the next {self.count} calls"
        which = f"{self.path}, with {self.contains!r} in them" if self.contains else self.path
        return f"{calls} of {which}: {', '.join(what) or 'nothing wrong'}"


class Faults:
    """The faults in force, oldest first."""

    def __init__(self) -> None:
        self.active: list[Fault] = []
        self.forward_stuck = False
        """The forward channel is not emptied: it fills up, and ingest says so."""
        self.disk_full = False
        """Everything that writes answers as PostgreSQL does on a full disk."""
        self.database_away = False
        """PostgreSQL is started again: what needs it fails, each route in its own words."""

    def looks_inside(self, path: str) -> bool:
        """Whether a fault depends on what such a request carries."""
        return any(fault.contains and path.startswith(fault.path) for fault in self.active)

    def take(self, path: str, body: bytes = b"") -> Fault | None:
        """The fault that this request meets."""
        for fault in self.active:
            if path.startswith(fault.path) and fault.contains.encode() in body:
                if fault.count is not None:
                    fault.count -= 1
                    if fault.count == 0:
                        self.active.remove(fault)
                return fault
        return None

    def words(self) -> list[str]:
        """What is wrong on purpose right now, for people."""
        lasting = {
            "the disk is full": self.disk_full,
            "the forward channel is stuck": self.forward_stuck,
            "the database is away": self.database_away,
        }
        return [*map(str, self.active), *(name for name, on in lasting.items() if on)]

    def clear(self) -> None:
        self.active.clear()
        self.forward_stuck = self.disk_full = self.database_away = False
