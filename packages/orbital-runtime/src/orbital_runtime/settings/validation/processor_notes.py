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


class Names:
    """Names that are made, by whom."""

    def __init__(self, processors: Iterable[ProcessorSettings] = ()) -> None:
        self._by_name: dict[str, Made] = {}
        self._globs: list[Made] = []
        for one in processors:
            for made in _made(one):
                self.add(made)

    def add(self, made: Made) -> None:
        self._by_name[made.name] = made
        if "*" in made.name:
            self._globs.append(made)

    def first(self, name: str) -> Made | None:
        """Who makes it already."""
        if name in self._by_name:
            return self._by_name[name]
        if "*" in name:
            return next((made for made in self._by_name.values() if _fits(made.name, name)), None)
        return next((made for made in self._globs if _fits(name, made.name)), None)


def name_notes(processors: Iterable[ProcessorSettings]) -> Iterator[Note]:
    """Notes about processors that make the same metric, of those that the same samples pass."""
    places: dict[str, list[ProcessorSettings]] = {}
    for one in processors:
        places.setdefault(one.place, []).append(one)
    shared = places.pop("", [])
    yield from _among(shared, Names())
    of_all = Names(shared)
    for own in places.values():
        yield from _among(own, of_all)


def field_notes(processors: Iterable[ProcessorSettings], tasks: Sequence[Task]) -> Iterator[Note]:
    """Notes about fields that a processor needs and no device of its tasks has.

    Args:
        processors: Before the buffer.
        tasks: All of them.
    """
    models = {task.id: {type(task.device)} for task in tasks}
    models[""] = {type(task.device) for task in tasks}
    for one in processors:
        if not (mine := models.get(one.task)):
            continue
        known = {name for model in mine for name in accepted(model)}
        for name in told(one.processor.device_fields, one.config):
            if name.partition(".")[0] not in known:
                hint = did_you_mean(name, known)
                message = f"no device of a task has the field {name!r}"
                yield Note(dotted(one.at), f"{message}; {hint}" if hint else message)


def _among(own: Iterable[ProcessorSettings], others: Names) -> Iterator[Note]:
    mine = Names()
    for one in own:
        for made in _made(one):
            if first := mine.first(made.name) or others.first(made.name):
                yield _note(made, first)
                break
            mine.add(made)


def _made(one: ProcessorSettings) -> list[Made]:
    return [Made(name, one) for name in told(one.processor.makes, one.config)]


def _note(made: Made, first: Made) -> Note:
    other = "twice" if first.maker is made.maker else f"as {dotted(first.maker.at)} does"
    return Note(
        dotted(made.maker.at),
        f"makes the metric {made.name} {other}: of samples with the same labels and time only one is kept",
    )


def _fits(name: str, glob: str) -> bool:
    """Whether a name is one of these; of two globs nobody can say, nor of a lone star."""
    return "*" not in name and glob != "*" and fnmatchcase(name, glob)
