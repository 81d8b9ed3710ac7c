"""When a refusal is believed (docs/decisions/0011): the state machine of one attempt. No I/O, no clock.

For whatever is sent in groups, not for batches alone: anything with a length and a `part` is `Rows`.

    bisection = Bisection(whole([(1, items)]), Credibility())
    await run(bisection.steps(), send)  # send(group) gives an answer; send(AskWitness) a Witness, or None
    bisection.refused, bisection.left
"""

from orbital_runtime.sender.refusals.bisection import Bisection, RefusedRow
from orbital_runtime.sender.refusals.credibility import AskWitness, Credibility, Undecided, Witness
from orbital_runtime.sender.refusals.groups import Group, Part, Rows, whole
from orbital_runtime.sender.refusals.repeated_errors import RepeatedErrors
from orbital_runtime.sender.refusals.steps import run

__all__ = [
    "AskWitness",
    "Bisection",
    "Credibility",
    "Group",
    "Part",
    "RefusedRow",
    "RepeatedErrors",
    "Rows",
    "Undecided",
    "Witness",
    "run",
    "whole",
]
