"""Turns the values of one unit into series and numbers; what is the same at every turn is made once."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING

from orbital_plugin_modbus.register_map import UNIT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orbital_plugin_modbus.decoder import Value
    from orbital_plugin_modbus.field import MapField
    from orbital_sdk import Metric, Series


class WrongDevice(Exception):  # noqa: N818 (reads as what happened)
    """A field with `expect` holds something else."""


class Emitter:
    """The samples of one plan.

    Args:
        fields: In the order of the values.
        metrics: The map's, by name.
        unit: Value of the label `unit_id`.
        tail: Series of the plugin's own, whose values are given behind the fields'.
    """

    __slots__ = ("_expected", "_fields", "_metrics", "_numbers", "_powers", "_series", "_simple", "_subsets",
                 "_tail", "_texts", "_unit",
        "_whole")  # fmt: skip

    def __init__(
        self,
        fields: Sequence[MapField],
        metrics: Mapping[str, Metric],
        unit: str,
        tail: Sequence[Series],
    ) -> None:
        self._fields, self._metrics, self._unit = fields, metrics, unit
        self._tail = tuple(tail)
        visible = [i for i, field in enumerate(fields) if not field.register.hidden]
        self._texts = [i for i in visible if fields[i].register.label_of_text]
        self._numbers = [i for i in visible if not fields[i].register.label_of_text]
        self._series = tuple(self._of(fields[i]) for i in self._numbers)
        places = {field.register.name: i for i, field in enumerate(fields)}
        self._powers = [
            (i, places.get(field.register.exponent, -1))
            for i, field in enumerate(fields)
            if field.register.exponent
        ]
        self._expected = [i for i, field in enumerate(fields) if field.register.expect]
        self._simple = len(self._numbers) == len(fields) and not (self._powers or self._expected)
        self._whole = self._series + self._tail
        self._subsets: dict[tuple[bool, ...], tuple[Series, ...]] = {}

    def emit(
        self, values: Sequence[Value], tail: Sequence[float]
    ) -> tuple[tuple[Series, ...], list[float]]:
        """Series and their values.

        Args:
            values: In the order of the fields; None for what is not there.
            tail: Values of the plugin's own series.

        Raises:
            WrongDevice: See there.
        """
        if self._simple and None not in values:
            return self._whole, [*values, *tail]  # pyright: ignore[reportReturnType] (numbers all)
        values = self._checked(list(values))
        numbers = [values[i] for i in self._numbers]
        series, present = self._present(numbers), [v for v in numbers if v is not None]
        extra, ones = self._texts_and_states(values)
        return series + extra, [*present, *tail, *ones]  # pyright: ignore[reportReturnType] (as above)

    def _present(self, numbers: Sequence[Value]) -> tuple[Series, ...]:
        """The series of those that are there; the same tuple each time, since what is behind keeps it."""
        present = tuple([value is not None for value in numbers])
        series = self._subsets.get(present)
        if series is None:
            if len(self._subsets) > 1000:  # a device whose values come and go in all combinations
                self._subsets.clear()
            chosen = tuple(compress(self._series, present)) + self._tail
            series = self._subsets[present] = chosen
        return series

    def _checked(self, values: list[Value]) -> list[Value]:
        for i in self._expected:
            field, found = self._fields[i], values[i]
            if found is not None and found not in field.register.expect:
                wanted = " or ".join(map(str, field.register.expect))
                raise WrongDevice(f"{field.title} is {found:g}, not {wanted}")
        for i, j in self._powers:
            values[i] = _scaled(values[i], values[j] if j >= 0 else None)
        return values

    def _texts_and_states(self, values: Sequence[Value]) -> tuple[tuple[Series, ...], list[float]]:
        """Strings and states: text in a label, or a series a state."""
        series: list[Series] = []
        numbers: list[float] = []
        for i in self._texts:
            value, field = values[i], self._fields[i]
            if value is None:
                continue
            if not field.register.states:
                series.append(self._of(field, str(value)))
                numbers.append(1.0)
            elif field.register.states_as == "label":
                series.append(self._of(field, _state(field, value)))
                numbers.append(1.0)
            else:
                for number, name in field.register.states.items():
                    series.append(self._of(field, name))
                    numbers.append(float(value == number))
        return tuple(series), numbers

    def _of(self, field: MapField, told: str = "") -> Series:
        register = field.register
        metric = self._metrics[register.metric]
        own = {UNIT: self._unit, **register.labels}
        if register.label_of_text:
            own[register.label_of_text] = told
        return metric.series(*[own.get(label, "") for label in metric.labels])


def _state(field: MapField, value: Value) -> str:
    """Its name, or the bare number of a state that the map does not know."""
    number = int(value) if isinstance(value, float | int) else 0
    return field.register.states.get(number, str(number))


def _scaled(value: Value, power: Value) -> float | None:
    if not isinstance(value, float | int) or not isinstance(power, float | int):
        return None
    try:
        return value / 10.0**-power if power < 0 else value * 10.0**power
    except OverflowError:
        return None
