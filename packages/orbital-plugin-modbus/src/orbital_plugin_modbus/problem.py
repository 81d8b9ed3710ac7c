"""What cannot be in a map, and where it stands: the place is part of the error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from orbital_sdk.hints import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydantic_core import ErrorDetails

    from orbital_plugin_modbus.register import Register

Place = tuple[int | str, ...]


class MapProblem(ValueError):  # noqa: N818 (reads as what happened)
    """Fields that cannot be, alone or beside each other.

    Args:
        message: Their names, and why.
        registers: Those at fault, the likeliest first.
    """

    def __init__(self, message: str, *registers: Register) -> None:
        super().__init__(message)
        self.registers = registers

    def among(self, registers: Sequence[Register], otherwise: Place = ()) -> ValidationError:
        """The same as a validator has to raise it, to be told where the field stands.

        Args:
            registers: Those under the key `registers`.
            otherwise: The place of all others.
        """
        found = [i for each in self.registers for i, one in enumerate(registers) if one is each]
        place: Place = ("registers", found[0]) if found else otherwise
        detail = InitErrorDetails(type="value_error", loc=place, input=None, ctx={"error": self})
        return ValidationError.from_exception_data("register map", [detail])


def in_file(error: ValidationError, text: str, known: Iterable[str]) -> list[str]:
    """A sentence for each thing that is wrong with a YAML file: `7: registers[2].typ: unknown key; ...`.

    Args:
        error: What validation said.
        text: The file.
        known: Keys that there are.
    """
    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] (PyYAML has no types)
    names = list(known)
    return [_sentence(each, root, names) for each in error.errors(include_url=False)]


def _sentence(detail: ErrorDetails, root: Any, known: list[str]) -> str:
    place = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in detail["loc"]).lstrip(".")
    message = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        near = nearest(str(detail["loc"][-1]), known)
        message = f"unknown key; did you mean {near}?" if near else "unknown key"
    where = f"{_line(root, detail['loc'])}: "
    return f"{where}{place}: {message}" if place else where + message


def _line(node: Any, place: Place) -> int:
    """The line of what is there, or of the last thing on the way to it that exists."""
    line = 0 if node is None else node.start_mark.line
    for part in place:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(part)), None)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] (PyYAML has no types)
            if pair is None:
                break
            line, node = pair[0].start_mark.line, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] (as above)
            line = node.start_mark.line
        else:
            break
    return int(line) + 1
