"""Validation errors of pydantic as problems that a user can put right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from orbital_sdk.hints import did_you_mean, nearest
from orbital_sdk.problems.model_keys import accepted, field_at, models_at
from orbital_sdk.problems.problem import Loc, Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

_WHOLE: Final = "must be a whole number"
_SECTION: Final = "must be a section, that is, `key: value` lines below it"
_LIST: Final = "must be a list, that is, lines that begin with `- `"
_SENTENCES: Final = {
    "missing": "is missing",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text; put it in quotes",
    "dict_type": _SECTION,
    "model_type": _SECTION,
    "model_attributes_type": _SECTION,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "string_too_long": "must not be longer than {max_length} characters",
    "string_pattern_mismatch": "is not of the right form",
}


def explain(
    error: ValidationError,
    model: type[BaseModel],
    *,
    prefix: Loc = (),
    renamed: Mapping[str, str] | None = None,
    beside: Collection[str] = (),
) -> list[Problem]:
    """One problem for each thing that is wrong. No value is repeated: it may be a secret.

    Args:
        error: What validation raised.
        model: What was validated, for hints.
        prefix: The way to it in the configuration.
        renamed: Keys that other programs use -> ours, for hints.
        beside: Keys that may stand beside those of the model, for hints.
    """
    details = error.errors(include_url=False)
    return [_problem(detail, model, prefix, renamed or {}, beside) for detail in details]


def _problem(
    detail: ErrorDetails,
    model: type[BaseModel],
    prefix: Loc,
    renamed: Mapping[str, str],
    beside: Collection[str],
) -> Problem:
    loc = detail["loc"]
    if detail["type"] == "extra_forbidden":
        return Problem("unknown key", prefix + loc, _near(model, loc, renamed, beside))
    return Problem(_sentence(detail), prefix + loc, _hint(detail, model, loc))


def _near(
    model: type[BaseModel], loc: Loc, renamed: Mapping[str, str], beside: Collection[str]
) -> str:
    name = str(loc[-1])
    if name in renamed:
        return f"here it is called {renamed[name]}"
    known = {k for kind in models_at(model, loc[:-1]) for k in accepted(kind)}
    return did_you_mean(name, known.union(beside if len(loc) == 1 else ()))


def _sentence(detail: ErrorDetails) -> str:
    context: dict[str, Any] = detail.get("ctx", {})
    if detail["type"] in ("value_error", "assertion_error"):
        return str(context.get("error")) or "is not valid"
    if detail["type"] == "string_too_short":
        least = context.get("min_length", 1)
        return "must not be empty" if least == 1 else f"must have {least} characters or more"
    template = _SENTENCES.get(detail["type"])
    if template:
        return template.format_map(context).replace("'", "")
    return detail["msg"].replace("Input should be", "must be").replace("Value error, ", "")


def _hint(detail: ErrorDetails, model: type[BaseModel], loc: Loc) -> str:
    """The nearest choice, or what the field is for, where the sentence alone does not say what to write."""
    if detail["type"] in ("literal_error", "enum"):
        choices = re.findall(r"'([^']+)'", str(detail.get("ctx", {}).get("expected", "")))
        near = nearest(str(detail["input"]), choices)
        return f"did you mean {near}?" if near else ""
    if detail["type"] not in ("missing", "string_pattern_mismatch"):
        return ""
    field = field_at(model, loc)
    description = (field.description or "") if field else ""
    first = description.split("\n", maxsplit=1)[0].strip().rstrip(".")
    return f"it is: {first}" if first else ""
