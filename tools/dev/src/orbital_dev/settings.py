"""Every key of `docs/configuration.md` as Markdown tables: of our models, and of installed extensions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings.model.addition import additions, settings_model
from orbital_sdk.problems.model_keys import models_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo


BEGIN: Final = "<!-- reference -->\n"
END: Final = "<!-- end of reference -->"


def updated(page: str) -> str:
    """The page with the tables between its two marks made anew."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + reference() + END + rest.partition(END)[2]


def reference() -> str:
    """One table for each section."""
    return "\n".join(_section("", settings_model(additions(Registry.discover()))))


def _section(prefix: str, model: type[BaseModel]) -> Iterator[str]:
    defaults = _defaults(model)
    rows = [_row(name, field, defaults) for name, field in model.model_fields.items()]
    title = f"`{prefix}`" if prefix else "Top level"
    yield from (f"### {title}", "", "| key | default | |", "|---|---|---|", *rows, "")
    for name in model.model_fields:
        for path, below in _below(model, name):
            yield from _section(f"{prefix}.{path}" if prefix else path, below)


def _below(model: type[BaseModel], name: str) -> list[tuple[str, type[BaseModel]]]:
    """The sections under this key: itself one, or a map or a list of them."""
    for way, path in (((name,), name), ((name, "x"), f"{name}.NAME"), ((name, 0), f"{name}[]")):
        if below := models_at(model, way):
            return [(path, one) for one in below]
    return []


def _defaults(model: type[BaseModel]) -> dict[str, Any]:
    """As they are written: the JSON form has durations as text."""
    required = {name: "x" for name, field in model.model_fields.items() if field.is_required()}
    return model.model_validate(required).model_dump(mode="json")


def _row(name: str, field: FieldInfo, defaults: dict[str, Any]) -> str:
    value = defaults[name]
    if field.is_required():
        default = "required"
    elif value in (None, "") or isinstance(value, dict | list):
        default = ""
    else:
        default = f"`{_written(value)}`"
    text = (field.description or "").replace("\n", " ").replace("|", "\\|")
    return f"| `{name}` | {default} | {text} |"


def _written(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) else json.dumps(value)
