"""What crosses a process border between the agent and a program that has plugins or writers: one schema.

`docs/contract.md` says who may send what when. The messages are `calls` (of the agent) and `answers` (of the
program); `codec` makes bytes of them. `tables`, `batches`, `writings`, `errors` and `settings` turn what the
SDK has into what crosses, and back.
"""

from orbital_sdk.wire import answers, calls
from orbital_sdk.wire.batches import IncomingBatches, OutgoingBatches
from orbital_sdk.wire.codec import Bodies, TooLarge, encode, from_agent, from_program
from orbital_sdk.wire.columns import Malformed
from orbital_sdk.wire.errors import Bug, Error, packed, unpacked
from orbital_sdk.wire.limits import CONTRACT
from orbital_sdk.wire.settings import plain
from orbital_sdk.wire.tables import Incoming, Outgoing

__all__ = [
    "CONTRACT",
    "Bodies",
    "Bug",
    "Error",
    "Incoming",
    "IncomingBatches",
    "Malformed",
    "Outgoing",
    "OutgoingBatches",
    "TooLarge",
    "answers",
    "calls",
    "encode",
    "from_agent",
    "from_program",
    "packed",
    "plain",
    "unpacked",
]
