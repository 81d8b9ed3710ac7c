"""What is wrong in a profile's file: the line, the place, and what was probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml

from orbital_plugin_snmp.profiles.models import Extract, Filter, Index, Label, Profile, Table, Value
from orbital_plugin_snmp.profiles.near import did_you_mean

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

_MODELS: Final[dict[str, type[BaseModel]]] = {
    "scalars": Value, "metrics": Value, "tables": Table, "index": Index, "labels": Label,
    "where": Filter, "extract": Extract,
}  # fmt: skip
"""What stands in the lists of a profile."""


def explain(error: ValidationError, text: str, source: str) -> list[str]:
    """One line for each thing that is wrong, like `x.yaml:7: tables[0].metrics[2].typ: unknown key`."""
    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] (PyYAML has no types)
    return [_line(detail, root, source) for detail in error.errors(include_url=False)]


def _line(detail: ErrorDetails, root: Any, source: str) -> str:
    loc = detail["loc"]
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    where = f"{place.lstrip('.')}: " if loc else ""
    return f"{source}:{_row(root, loc)}: {where}{_sentence(detail)}"


def _row(node: Any, loc: tuple[int | str, ...]) -> int:
    """The line of what `loc` leads to, or of the last thing on the way that exists."""
    line = node.start_mark.line
    for part in loc:
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


def _sentence(detail: ErrorDetails) -> str:
    if detail["type"] == "extra_forbidden":
        model = _model_at(detail["loc"][:-1])
        return f"unknown key{did_you_mean(str(detail['loc'][-1]), model.model_fields)}"
    if detail["type"] == "literal_error":
        known = [word.strip(" '") for word in _words(detail)]
        return f"there is no {detail['input']!r} here{did_you_mean(str(detail['input']), known)}"
    return detail["msg"].removeprefix("Value error, ")


def _words(detail: ErrorDetails) -> list[str]:
    expected = str(detail.get("ctx", {}).get("expected", ""))
    return expected.replace(" or ", ", ").split(",")


def _model_at(loc: tuple[int | str, ...]) -> type[BaseModel]:
    names = [part for part in loc if isinstance(part, str) and part in _MODELS]
    return _MODELS[names[-1]] if names else Profile
