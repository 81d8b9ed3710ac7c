"""Faults on request: what the next requests to some paths meet."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Fault(BaseModel):
    """One fault; it ends by itself after `count` requests."""

    model_config = ConfigDict(extra="forbid")

    path: str = "/api/v1/"
    """Requests whose path begins so."""
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


class Faults:
    """The faults in force, oldest first."""

    def __init__(self) -> None:
        self.active: list[Fault] = []
        self.forward_stuck = False
        """The forward channel is not emptied: it fills up, and ingest says so."""
        self.disk_full = False
        """Everything that writes answers as PostgreSQL does on a full disk."""

    def take(self, path: str) -> Fault | None:
        """The fault that this request meets."""
        for fault in self.active:
            if path.startswith(fault.path):
                if fault.count is not None:
                    fault.count -= 1
                    if fault.count == 0:
                        self.active.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        self.active.clear()
        self.forward_stuck = self.disk_full = False
