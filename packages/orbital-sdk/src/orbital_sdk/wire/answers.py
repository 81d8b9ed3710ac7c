"""What a program says to the agent."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from orbital_sdk.wire.errors import Error
from orbital_sdk.wire.form import Form, Message
from orbital_sdk.wire.limits import Name, Number, Words
from orbital_sdk.wire.manifests import Manifest
from orbital_sdk.wire.records import Records


class Offer(Form):
    """A plugin or a writer that the program has."""

    part: Literal["plugin", "writer"]
    name: Name
    manifest: Manifest
    serves: bool = False
    """A receiver: its sessions are served and not collected."""
    takes_stale_markers: bool = False
    takes_old_samples: bool = True
    collects: bool = False
    """A receiver whose sessions are collected beside that."""


class Welcome(Message):
    """The answer to `hello`."""

    contract: int
    """The highest that both know; 0 for none, and the connection ends."""
    offers: tuple[Offer, ...]
    knows: tuple[Name, ...] = ()
    """As in `hello`."""


class Done(Message):
    """It is done, and there is nothing to say."""

    call: Number


class Failed(Message):
    """What the call raised. May answer each."""

    call: Number
    error: Error


class Facts(Message):
    """What is known of a device before it is opened."""

    call: Number
    target: Words
    """What people call it: `host:port`, an address, a URL without user and password."""
    exclusive: Words | None = None
    """What only one run at a time may use; the agent holds sessions apart that say the same."""


class Collected(Message):
    """What one collection gave; with an error, what came before it."""

    call: Number
    records: Records = ()
    error: Error | None = None


class Tested(Message):
    """The device answers, or the destination would take samples."""

    call: Number
    said: Words
    """One line; empty where the plugin or writer has no test of its own."""


class Emit(Message):
    """What a receiver got. Answered by `accepted` when the buffer has it: then its sender may be told."""

    call: Number
    """That of `serve`."""
    emit: Number
    records: Records


class Refused(Form):
    """One sample that the destination refused."""

    batch: Number
    """Which one of the call, from 0; layouts are not counted."""
    row: Number
    """Which one of the batch, from 0."""
    reason: Words
    """The destination's words."""
    refusal: Literal["bad", "there"] = "bad"


class Written(Message):
    """All samples of a `write` are stored, but for those that are named."""

    call: Number
    bytes: Number
    """Put on the wire."""
    refused: tuple[Refused, ...] = ()


class NotWritten(Message):
    """The destination took nothing of a `write`, and did not say which samples are to blame."""

    call: Number
    reason: Words
    """The destination's words: the same ones for the same cause."""
    refusal: Literal["bad", "there", "doubtful", "too_large"]


class Family(Form):
    """A metric of an instance's own."""

    kind: Literal["gauge", "counter"]
    name: Name
    help: Words
    labels: tuple[Name, ...]
    values: tuple[tuple[tuple[Name, ...], float], ...]
    """Label values, and what a gauge is now or a counter has come to since the start of its instance."""


class Counts(Message):
    """Own metrics that changed: once a second at most."""

    instance: Number
    families: Annotated[tuple[Family, ...], Meta(max_length=100)]


class Log(Message):
    """A line for the log, at any time."""

    level: Literal["debug", "info", "warning", "error"]
    text: Words
    instance: Number | None = None
    call: Number | None = None
    """In which run."""


FromProgram: TypeAlias = (
    Welcome
    | Done
    | Failed
    | Facts
    | Collected
    | Tested
    | Emit
    | Written
    | NotWritten
    | Counts
    | Log
)
