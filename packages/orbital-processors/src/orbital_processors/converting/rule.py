"""The settings of one conversion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, FiniteFloat, model_validator

from orbital_processors.converting.unit_table import UNITS, conversion
from orbital_processors.matching.selector import Selector
from orbital_processors.names import check_label_names
from orbital_sdk import Fields
from orbital_sdk.hints import did_you_mean

if TYPE_CHECKING:
    from typing import Self


class Codes(Fields):
    """Numbers for the texts of a label, which is removed: `state="online"` becomes the value 1."""

    label: str
    """The label with the text."""
    numbers: dict[str, FiniteFloat] = Field(min_length=1, examples=[{"online": 1, "offline": 0}])
    """Number of each text. Series with another text are dropped."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_label_names([self.label])
        return self


class Conversion(Selector):
    """What happens to the values of some series, in the order of these keys."""

    codes: Codes | None = None
    """Take the value from the text of a label."""
    values: dict[FiniteFloat, FiniteFloat] = Field(default={}, examples=[{1: 1, 2: 0}])
    """New number for some numbers; others stay."""
    unit: str = Field(default="", examples=["celsius", "bytes"])
    """Convert into this unit. Series whose unit is unknown, or measures something else, stay as they are."""
    from_unit: str = Field(default="", examples=["fahrenheit"])
    """Unit of the values, if the series does not tell it."""
    scale: FiniteFloat = 1.0
    """Multiply by this."""
    offset: FiniteFloat = 0.0
    """Add this."""
    min: FiniteFloat | None = None
    """Raise lower values to this."""
    max: FiniteFloat | None = None
    """Lower higher values to this."""
    round: int | None = Field(default=None, ge=-300, le=300)
    """Round to so many decimal places, halves to the even neighbour."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.model_fields_set <= {"metric", "labels", "from_unit"}:
            raise ValueError(
                "the conversion changes nothing; write unit, scale, offset, min, max or the like"
            )
        for unit in filter(None, (self.unit, self.from_unit)):
            if unit not in UNITS:
                raise ValueError(f"{unit!r} is not a known unit; {did_you_mean(unit, UNITS)}")
        if self.from_unit and not self.unit:
            raise ValueError("from_unit says what the values are in; unit is missing")
        if self.from_unit and conversion(self.from_unit, self.unit) is None:
            raise ValueError(f"{self.from_unit} cannot be converted into {self.unit}")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max")
        return self
