"""Finds the refused samples of a chunk by bisection (docs/decisions/0011). A state machine without I/O.

It works for anything that has a length and a method `part` (`Rows`), not only for batches:

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
