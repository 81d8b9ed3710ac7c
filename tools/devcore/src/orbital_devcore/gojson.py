"""Reads JSON into a model as Go's encoding/json and gin's binding do (`--quirks`).

Names match in any case, null means the zero value, integers must be written as integers, text after the
first value is passed over, and "required" means present and not zero, at the top level alone.
https://pkg.go.dev/encoding/json#Unmarshal, https://pkg.go.dev/github.com/go-playground/validator/v10
"""

from __future__ import annotations

import json
import types
from functools import cache
from typing import Any, Final, TypeVar, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)


class NotGo(ValueError):  # noqa: N818 (reads as what happened)
    """The text that the server would answer with."""


class _Float(float):
    """A number that was written with a point or an exponent."""


def _no_constant(name: str) -> float:
    raise NotGo(f"invalid character '{name[0]}' looking for beginning of value")


_READER: Final = json.JSONDecoder(parse_float=_Float, parse_constant=_no_constant)
_WORDS: Final[dict[Any, str]] = {
    str: "string",
    bool: "bool",
    dict: "object",
    list: "array",
    type(None): "null",
}


def read(model: type[M], raw: bytes, *, trailing: bool = True) -> M:
    """The body as Go sees it; column widths are the database's business and not looked at.

    Args:
        model: What to fill.
        raw: The body.
        trailing: Whether anything may follow the first value.

    Raises:
        NotGo: The server would refuse it with 400.
    """
    text = raw.decode(errors="replace").lstrip()
    if not text:
        raise NotGo("EOF")
    try:
        value, end = _READER.raw_decode(text)
    except json.JSONDecodeError as error:
        raise NotGo(f"invalid character at offset {error.pos}") from error
    except RecursionError as error:
        raise NotGo("exceeded max depth") from error
    if not trailing and text[end:].strip():
        raise NotGo("invalid character after top-level value")
    filled = _struct(model, value)
    missing = [name for name, field in model.model_fields.items() if field.is_required()]
    missing = [name for name in missing if _absent(getattr(filled, name))]
    if missing:
        raise NotGo(
            "\n".join(
                f"Field validation for '{name}' failed on the 'required' tag" for name in missing
            )
        )
    return filled


def _absent(value: Any) -> bool:
    return value is None or value == ""


def _struct(model: type[M], value: Any) -> M:
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise NotGo(f"cannot unmarshal {_word(value)} into Go value of type {model.__name__}")
    hints = _hints(model)
    given = {k.lower(): v for k, v in cast("dict[str, Any]", value).items()}
    filled: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if given.get(name) is not None:
            filled[name] = _value(hints[name], given[name], name)
        elif field.is_required():
            filled[name] = "" if hints[name] is str else None
    return model.model_construct(**filled)


@cache
def _hints(model: type[BaseModel]) -> dict[str, Any]:
    return get_type_hints(model)


def _value(hint: Any, value: Any, name: str) -> Any:
    kind = get_origin(hint) or hint
    if kind is types.UnionType:
        return _value(get_args(hint)[0], value, name)
    if kind is list:
        if not isinstance(value, list):
            raise _wrong(value, name)
        return [_value(get_args(hint)[0], one, name) for one in cast("list[Any]", value)]
    if kind is dict:
        if not isinstance(value, dict):
            raise _wrong(value, name)
        of_text = get_args(hint)[1] is str
        pairs = cast("dict[str, Any]", value).items()
        return {k: _text(v, name) if of_text else v for k, v in pairs}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _struct(kind, value)
    return _scalar(kind, value, name)


def _scalar(kind: Any, value: Any, name: str) -> Any:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is float and is_number:
        if abs(value) == float("inf"):
            raise _wrong(value, name)
        return float(value)
    if kind is int and is_number and not isinstance(value, _Float) and -(2**63) <= value < 2**63:
        return value
    if kind in (str, bool) and isinstance(value, kind):
        return value
    raise _wrong(value, name)


def _text(value: Any, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(value, name)
    return value


def _wrong(value: Any, name: str) -> NotGo:
    return NotGo(f"cannot unmarshal {_word(value)} into Go struct field {name}")


def _word(value: Any) -> str:
    return _WORDS.get(type(value), f"number {value}")
