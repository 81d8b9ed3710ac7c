"""Rules: which notifications become which metrics."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from orbital_plugin_snmp.profiles.models import Condition, Part
from orbital_plugin_snmp.profiles.words import (
    OID,
    Enum,
    LabelName,
    MetricName,
    Oid,
    TextKind,
)
from orbital_plugin_snmp.tables.hints import specs

SOURCE: Final = "source"
"""Label of every metric: address of the device."""
TrapPattern = Annotated[str, Field(pattern=r"^\.?[0-2](\.[0-9]{1,10}){1,127}(\.\*)?$")]


class TrapFilter(Condition):
    """What a varbind has to say."""

    varbind: Oid
    """The object: its OID, with or without the instance."""


class TrapLabel(Part):
    """A label out of a varbind."""

    label: LabelName
    """Its name."""
    varbind: Oid
    """The object: its OID, with or without the instance."""
    type: TextKind = "DisplayString"
    """How the value is written, in the words of profiles."""
    enum: Enum = Field(default_factory=dict[int, str])
    """Number -> name."""
    hint: str = ""
    """DISPLAY-HINT of octets."""
    index: bool = False
    """Take the varbind's instance, not its value."""

    @model_validator(mode="after")
    def _hint_is_one(self) -> Self:
        specs(self.hint)
        return self


class TrapRule(Part):
    """One metric out of some notifications."""

    metric: MetricName
    """Its name. Rules for one metric have the same type and labels."""
    trap: TrapPattern
    """OID of the notification as SNMPv2 has it; `1.3.6.1.4.1.9.*` for all below."""
    where: tuple[TrapFilter, ...] = ()
    """All of them have to agree."""
    type: Literal["counter", "gauge"] = "counter"
    """A counter adds up, a gauge is what was said last."""
    value: float | Oid = 1.0
    """What is added to a counter or becomes the gauge: a number, or the OID of the varbind that has it."""
    scale: float = 1.0
    """The varbind's number is multiplied by this."""
    labels: tuple[TrapLabel, ...] = ()
    """Beside `source`, the device's address."""
    help: str = ""
    """Of the metric."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of its labels."""
        return (SOURCE, *(one.label for one in self.labels))

    @property
    def varbind(self) -> str | None:
        """OID of the varbind that has the value; None where a number is given."""
        return self.value if isinstance(self.value, str) and OID.fullmatch(self.value) else None

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"{self.metric}: a label appears twice in {', '.join(self.names)}")
        return self


def check_together(rules: tuple[TrapRule, ...]) -> None:
    """Rules for one metric have to agree on what it is.

    Raises:
        ValueError: Two do not.
    """
    known: dict[str, TrapRule] = {}
    for rule in rules:
        first = known.setdefault(rule.metric, rule)
        if (first.type, first.names) != (rule.type, rule.names):
            raise ValueError(
                f"two rules make {rule.metric}, with other types or labels: {first.type}"
                f" {first.names} and {rule.type} {rule.names}"
            )
