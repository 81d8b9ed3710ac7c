"""Notes about processors: names that two of them make, and fields that no device has."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from orbital_runtime.settings.note import Note
from orbital_runtime.settings.validation.processors import told
from orbital_sdk.hints import did_you_mean
from orbital_sdk.problems import dotted
from orbital_sdk.problems.model_keys import accepted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from orbital_runtime.model import Task
    from orbital_runtime.settings.validation.processors import ProcessorSettings


class Made(NamedTuple):
    """A name that a processor makes."""

    name: str
    maker: ProcessorSettings


def name_notes(processors: Sequence[ProcessorSettings]) -> Iterator[Note]:
    """Notes about processors that make the same metric, of those that the same samples pass."""
    shared = [one for one in processors if not one.place]
    yield from _among(shared, ())
    for place in dict.fromkeys(one.place for one in processors if one.place):
        yield from _among([one for one in processors if one.place == place], shared)


def field_notes(processors: Iterable[ProcessorSettings], tasks: Sequence[Task]) -> Iterator[Note]:
    """Notes about fields that a processor needs and no device of its tasks has.

    Args:
        processors: Before the buffer.
        tasks: All of them.
    """
    for one in processors:
        mine = [task for task in tasks if one.task in ("", task.id)]
        known = {name for kind in {type(task.device) for task in mine} for name in accepted(kind)}
        for name in told(one.processor.device_fields, one.config):
            if name.partition(".")[0] not in known:
                hint = did_you_mean(name, known)
                message = f"no device of a task has the field {name!r}"
                yield Note(dotted(one.at), f"{message}; {hint}" if hint else message)


def _among(own: Iterable[ProcessorSettings], others: Iterable[ProcessorSettings]) -> Iterator[Note]:
    before = [made for one in others for made in _made(one)]
    for one in own:
        for made in _made(one):
            if first := next((each for each in before if _alike(made.name, each.name)), None):
                yield _note(made, first)
                break
            before.append(made)


def _made(one: ProcessorSettings) -> list[Made]:
    return [Made(name, one) for name in told(one.processor.makes, one.config)]


def _note(made: Made, first: Made) -> Note:
    other = "twice" if first.maker is made.maker else f"as {dotted(first.maker.at)} does"
    return Note(
        dotted(made.maker.at),
        f"makes the metric {made.name} {other}: of samples with the same labels and time only one is kept",
    )


def _alike(one: str, other: str) -> bool:
    if "*" in (one, other):  # any name at all: nobody can say
        return False
    return one == other or fnmatchcase(one, other) or fnmatchcase(other, one)
