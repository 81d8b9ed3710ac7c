"""What cannot be in a map, and where it stands: the place is part of the error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_plugin_modbus.register import Register
    from orbital_sdk.problems import Loc


class MapProblem(ValueError):  # noqa: N818 (reads as what happened)
    """Fields that cannot be, alone or beside each other.

    Args:
        message: Their names, and why.
        registers: Those at fault, the likeliest first.
    """

    def __init__(self, message: str, *registers: Register) -> None:
        super().__init__(message)
        self.registers = registers

    def among(self, registers: Sequence[Register], otherwise: Loc = ()) -> ValidationError:
        """The same as a validator has to raise it, to be told where the field stands.

        Args:
            registers: Those under the key `registers`.
            otherwise: The place of all others.
        """
        found = [i for each in self.registers for i, one in enumerate(registers) if one is each]
        place: Loc = ("registers", found[0]) if found else otherwise
        detail = InitErrorDetails(type="value_error", loc=place, input=None, ctx={"error": self})
        return ValidationError.from_exception_data("register map", [detail])
