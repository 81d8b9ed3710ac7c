"""Units of measurement, and the number that turns one into another."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple


class Unit(NamedTuple):
    """A value in the base unit of its quantity is (value - zero) * factor."""

    quantity: str
    factor: Fraction
    zero: Fraction = Fraction(0)


class Linear(NamedTuple):
    """(value - before) * factor + after."""

    before: float
    factor: float
    after: float


_TABLE: Final = {
    "time": {
        "nanoseconds": "1e-9", "microseconds": "1e-6", "milliseconds": "1e-3", "centiseconds": "1e-2",
        "seconds": "1", "minutes": "60", "hours": "3600", "days": "86400",
    },
    "data": {
        "bits": "1/8", "kilobits": "125", "megabits": "125e3", "gigabits": "125e6",
        "bytes": "1", "kilobytes": "1e3", "megabytes": "1e6", "gigabytes": "1e9", "terabytes": "1e12",
        "kibibytes": "1024", "mebibytes": "1048576", "gibibytes": "1073741824", "tebibytes": "1099511627776",
    },
    "ratio": {"ratio": "1", "percent": "1e-2", "permille": "1e-3"},
    "power": {"milliwatts": "1e-3", "watts": "1", "kilowatts": "1e3", "megawatts": "1e6"},
    "energy": {
        "joules": "1", "kilojoules": "1e3", "megajoules": "1e6",
        "watt_hours": "3600", "kilowatt_hours": "3.6e6", "megawatt_hours": "3.6e9",
    },
    "voltage": {"microvolts": "1e-6", "millivolts": "1e-3", "volts": "1", "kilovolts": "1e3"},
    "current": {"microamperes": "1e-6", "milliamperes": "1e-3", "amperes": "1", "kiloamperes": "1e3"},
    "frequency": {"hertz": "1", "kilohertz": "1e3", "megahertz": "1e6", "gigahertz": "1e9"},
    "pressure": {
        "pascals": "1", "hectopascals": "100", "kilopascals": "1e3", "millibars": "100", "bars": "1e5",
    },
    "length": {
        "millimeters": "1e-3", "centimeters": "1e-2", "meters": "1", "kilometers": "1e3",
        "inches": "0.0254", "feet": "0.3048", "miles": "1609.344",
    },
    "mass": {"milligrams": "1e-3", "grams": "1", "kilograms": "1e3", "tonnes": "1e6"},
}  # fmt: skip
UNITS: Final = {
    name: Unit(quantity, Fraction(factor))
    for quantity, units in _TABLE.items()
    for name, factor in units.items()
} | {
    "celsius": Unit("temperature", Fraction(1)),
    "kelvin": Unit("temperature", Fraction(1), Fraction("273.15")),
    "fahrenheit": Unit("temperature", Fraction(5, 9), Fraction(32)),
}
"""By name, as the `unit` of a metric says it."""


@lru_cache
def conversion(before: str, after: str) -> Linear | None:
    """How a value in one unit becomes one in another; None if they measure different things, or one is
    unknown.
    """
    old, new = UNITS.get(before), UNITS.get(after)
    if old is None or new is None or old.quantity != new.quantity:
        return None
    return Linear(float(old.zero), float(old.factor / new.factor), float(new.zero))
