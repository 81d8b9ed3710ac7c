"""What the agent says to a program.

Each call has a number, and is answered once under it; calls of different sessions are answered in any order.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from orbital_sdk.wire.batches import Item
from orbital_sdk.wire.errors import Error
from orbital_sdk.wire.form import Message
from orbital_sdk.wire.limits import Name, Number, Seconds

Settings = dict[str, Any]
Path = Annotated[str, msgspec.Meta(max_length=4096)]


class Hello(Message):
    """First of all, once. Answered by `welcome`."""

    contracts: tuple[int, ...]
    """Those that the agent keeps."""
    agent: Name
    """Name and version, for the program's log."""
    knows: tuple[Name, ...] = ()
    """Types of messages and kinds of records beyond those of the contract's beginning; no others are sent."""


class Start(Message):
    """Make an instance by its settings, and start it. Answered by `done`."""

    call: Number
    instance: Number
    part: Literal["plugin", "writer"]
    name: Name
    config: Settings
    """As a user writes them, secrets in plain text: to no log, and to no file."""
    remaining: Seconds
    """Until the agent gives it up, counted from when the message is read."""
    folder: Path | None = None
    """Of its own, for what it remembers across restarts."""


class Device(Message):
    """A session, not opened yet: check the fields, and tell its facts. Answered by `facts`."""

    call: Number
    session: Number
    instance: Number
    fields: Settings
    """As `config` of `start`."""


class Open(Message):
    """Begin with the device. Answered by `done`; after `failed` it may be tried again."""

    call: Number
    session: Number
    remaining: Seconds
    """As in `start`."""


class Collect(Message):
    """Read the device once. Answered by `collected`. One at a time for each session, which is open."""

    call: Number
    session: Number
    task: Name
    device_id: Name
    timeout: Seconds
    """That the whole run may take."""
    remaining: Seconds
    """Of these, as in `start`."""


class Test(Message):
    """Say that the device answers. Answered by `tested`."""

    call: Number
    session: Number
    task: Name
    device_id: Name
    timeout: Seconds
    remaining: Seconds


class Close(Message):
    """The session is over, opened or not, and its number is not used again. Answered by `done`."""

    call: Number
    session: Number
    remaining: Seconds


class Serve(Message):
    """Receive from the device until it is cancelled. Answered by `done` when it ends, or by `failed`. It
    needs no `open`; `collect` may be called beside it.
    """

    call: Number
    session: Number
    task: Name
    device_id: Name


class Accepted(Message):
    """The buffer has what that `emit` brought. The answer to it, in any order."""

    call: Number
    """That of `serve`."""
    emit: Number


class NotAccepted(Message):
    """The buffer has nothing of what that `emit` brought. The answer to it."""

    call: Number
    emit: Number
    error: Error
    """Why; whoever sent it to the receiver should hear that."""


class Write(Message):
    """Deliver these. Answered by `written` or `not_written`; by `failed` where nothing is known."""

    call: Number
    instance: Number
    number: Annotated[int, msgspec.Meta(ge=1)]
    """Of the attempt at these batches."""
    token: Name
    """The same for each attempt at them."""
    batches: tuple[Item, ...]
    """Layouts count from where they stand."""
    remaining: Seconds


class Connect(Message):
    """Say that the destination of a writer would take samples, without one. Answered by `tested`."""

    call: Number
    instance: Number
    remaining: Seconds


class Cancel(Message):
    """Give that call up. It is answered all the same, once, with what it had; its error is not looked at."""

    call: Number


class Stop(Message):
    """The instance is over; all its sessions are closed. Answered by `done`."""

    call: Number
    instance: Number
    remaining: Seconds


class Health(Message):
    """Is the program alive? Answered by `done`, at once."""

    call: Number


FromAgent: TypeAlias = (
    Hello | Start | Device | Open | Collect | Test | Close | Serve | Accepted | NotAccepted
    | Write | Connect | Cancel | Stop | Health
)  # fmt: skip
