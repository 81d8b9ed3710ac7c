"""When a refusal is believed (docs/decisions/0011): the state machine of one attempt. No I/O, no clock.

For whatever is sent in groups, not for batches alone: anything with a length and a `part` is `Rows`.

    trial = Trial(whole([(1, items)]), Trust())
    await run(trial.steps(), send)  # send(group) gives an answer; send(Look) a Witness, or None
    trial.refused, trial.left
"""

from orbital_runtime.sender.refusals.groups import Group, Part, Rows, whole
from orbital_runtime.sender.refusals.repeats import Repeats
from orbital_runtime.sender.refusals.steps import run
from orbital_runtime.sender.refusals.trial import RefusedRow, Trial
from orbital_runtime.sender.refusals.trust import Look, Trust, Undecided, Witness

__all__ = [
    "Group",
    "Look",
    "Part",
    "RefusedRow",
    "Repeats",
    "Rows",
    "Trial",
    "Trust",
    "Undecided",
    "Witness",
    "run",
    "whole",
]
