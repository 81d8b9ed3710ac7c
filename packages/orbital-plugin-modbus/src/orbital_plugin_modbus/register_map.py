"""A register map: all fields of a device, checked against each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orbital_plugin_modbus.field import MapField, resolve
from orbital_plugin_modbus.problem import MapProblem
from orbital_sdk import Metric

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orbital_plugin_modbus.register import Register
    from orbital_plugin_modbus.types import Order

UNIT: Final = "unit_id"
"""The label that every sample has: several units may stand behind one device."""


@dataclass(frozen=True, slots=True, eq=False)
class RegisterMap:
    """Fields in order of table and address, and the metrics that they give."""

    fields: tuple[MapField, ...]
    metrics: Mapping[str, Metric]


def make_map(parts: Iterable[tuple[Sequence[Register], Order, int]]) -> RegisterMap:
    """One map of several parts, a profile's and a task's own.

    Args:
        parts: Registers, the order of those that name none, and what is added to their addresses.

    Raises:
        MapProblem: A field cannot be, alone or beside the others.
    """
    fields = [resolve(each, order, base) for registers, order, base in parts for each in registers]
    fields.sort(key=lambda field: (field.table.function, field.start, field.size))
    _check_overlap(fields)
    _check_exponents(fields)
    _check_series(fields)
    return RegisterMap(tuple(fields), _metrics(fields))


def _check_overlap(fields: Sequence[MapField]) -> None:
    """Two fields over the same bits are nearly always a slip; `shared` says that it is none."""
    open_fields: list[MapField] = []
    for field in fields:
        if field.register.shared:
            continue
        open_fields = [f for f in open_fields if f.table is field.table and f.stop > field.start]
        for other in open_fields:
            if _claims(other, field):
                raise MapProblem(
                    f"{field.title} overlaps {other.title}; correct the address or the type, or say"
                    " shared: true where it is meant",
                    field.register,
                    other.register,
                )
        open_fields.append(field)


def _claims(one: MapField, other: MapField) -> bool:
    if one.start == other.start and one.size == other.size:
        return bool(one.bits() & other.bits())
    return True


def _check_exponents(fields: Sequence[MapField]) -> None:
    names = {field.register.name for field in fields if not field.register.label_of_text}
    for field in fields:
        wanted = field.register.exponent
        if wanted and wanted not in names:
            raise MapProblem(
                f"{field.title}: its exponent {wanted!r} is not a field of this map", field.register
            )


def _check_series(fields: Sequence[MapField]) -> None:
    seen: dict[object, MapField] = {}
    for field in fields:
        register = field.register
        if register.hidden:
            continue
        key = register.metric, frozenset(register.labels.items())
        other = seen.setdefault(key, field)
        if other is not field:
            raise MapProblem(
                f"{field.title} and {other.title} give the same series; name one of them"
                " otherwise, or tell them apart by labels",
                field.register,
                other.register,
            )


def _metrics(fields: Sequence[MapField]) -> dict[str, Metric]:
    groups: dict[str, list[MapField]] = {}
    for field in fields:
        if not field.register.hidden:
            groups.setdefault(field.register.metric, []).append(field)
    return {name: _metric(name, group) for name, group in groups.items()}


def _metric(name: str, group: Sequence[MapField]) -> Metric:
    """One metric of all fields that have its name; one that lacks a label of another's has it empty."""
    first = group[0].register
    for field in group:
        if (field.register.kind, field.register.unit) != (first.kind, first.unit):
            raise MapProblem(
                f"{field.title} and {group[0].title} differ in kind or unit; a metric has one",
                field.register,
                first,
            )
    labels = dict.fromkeys([UNIT])
    for field in group:
        if UNIT in field.register.labels:
            raise MapProblem(
                f"{field.title}: the label {UNIT} is set by the plugin; choose another",
                field.register,
            )
        if field.register.label_of_text in field.register.labels:
            raise MapProblem(
                f"{field.title}: the label {field.register.label_of_text!r} carries its text; choose"
                " another text_label",
                field.register,
            )
        labels |= dict.fromkeys(field.register.labels)
        if field.register.label_of_text:
            labels[field.register.label_of_text] = None
    told = next((field.register.help for field in group if field.register.help), "")
    where = f"{group[0].table.name} {group[0].start} of a Modbus device"
    return Metric(name, told or where, kind=first.kind, unit=first.unit, labels=tuple(labels))
