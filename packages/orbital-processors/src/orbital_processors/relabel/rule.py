"""The settings of one relabelling rule, with Prometheus' names, defaults and checks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from orbital_processors.matching.regex import Regex
from orbital_processors.matching.template import missing_groups
from orbital_processors.names import check_label_names
from orbital_sdk import Fields

if TYPE_CHECKING:
    from typing import Self

Name = Literal[
    "replace", "keep", "drop", "keepequal", "dropequal", "hashmod", "labelmap", "labeldrop", "labelkeep",
    "lowercase", "uppercase",
]  # fmt: skip
TARGETED: Final = frozenset(
    ("replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal")
)
ALLOWED: Final = {
    "keepequal": {"source_labels", "target_label"},
    "dropequal": {"source_labels", "target_label"},
    "labeldrop": {"regex"},
    "labelkeep": {"regex"},
    "lowercase": {"source_labels", "separator", "target_label", "regex", "modulus"},
    "uppercase": {"source_labels", "separator", "target_label", "regex", "modulus"},
}
"""Keys of the actions that take only some."""
_LABEL_TEMPLATE: Final = re.compile(r"(?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+", re.ASCII)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


class Rule(Fields):
    """A rule as in Prometheus' `relabel_config`. The metric's name is the label `__name__`."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    action: Annotated[Name, BeforeValidator(_lower)] = "replace"
    """What to do."""
    source_labels: tuple[str, ...] = ()
    """Labels whose values are joined, to be matched."""
    separator: str = ";"
    """Stands between the joined values."""
    regex: str = "(.*)"
    """RE2 expression that has to match the whole text; for `labelmap`, `labeldrop` and `labelkeep` names
    of labels."""
    target_label: str = ""
    """The label to set, or to compare with. `replace` takes references to groups in it."""
    replacement: str = "$1"
    """Value to set, with references to groups of the regex (`$1`, `${1}`, `${name}`); for `labelmap` the
    new name."""
    modulus: int = Field(default=0, ge=0, lt=1 << 64)
    """Divisor of the hash for `hashmod`."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        self._check_keys()
        self._check_templates(Regex(self.regex))
        if self.action == "hashmod" and not self.modulus:
            raise ValueError("hashmod needs a modulus above 0")
        if self.action == "labelmap" and not _is_label_template(self.replacement):
            raise ValueError(f"labelmap cannot make label names of {self.replacement!r}")
        if self.action in TARGETED:
            self._check_target()
        return self

    def _check_keys(self) -> None:
        allowed = ALLOWED.get(self.action)
        if allowed is None:
            return
        for key in self.model_fields_set - {"action"} - allowed:
            if getattr(self, key) != type(self).model_fields[key].default:
                raise ValueError(f"{self.action} takes no {key}, only {', '.join(sorted(allowed))}")

    def _check_target(self) -> None:
        if not self.target_label:
            raise ValueError(f"{self.action} needs a target_label")
        if self.action != "replace" or "$" not in self.target_label:
            check_label_names([self.target_label])
        elif not _is_label_template(self.target_label):
            raise ValueError(f"replace cannot make label names of {self.target_label!r}")

    def _check_templates(self, regex: Regex) -> None:
        """Only those that somebody wrote: the default is `$1` for a regex without groups, too."""
        if self.action not in ("replace", "labelmap"):
            return
        for key in self.model_fields_set & {"replacement", "target_label"}:
            if missing := missing_groups(getattr(self, key), regex):
                raise ValueError(
                    f"{key} refers to the group {missing[0]!r}, which the regex does not have; a name ends"
                    " at the first character that is not a letter, digit or _: write ${1}x for $1 and an x"
                )


def _is_label_template(text: str) -> bool:
    return _LABEL_TEMPLATE.fullmatch(text) is not None
