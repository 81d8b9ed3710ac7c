"""What device fields and settings promise: checked, documented, and silent about secrets."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, cast, get_args, get_origin

from pydantic import BaseModel, Secret, SecretBytes, SecretStr

from orbital_sdk.schema.field_list import Entry, field_list
from orbital_sdk.schema.json_schema import json_schema
from orbital_sdk.schema.manifest import manifest

if TYPE_CHECKING:
    from orbital_sdk.schema.manifest import Part
    from orbital_sdk.testing.findings import Findings

SECRET_NAME = re.compile(
    r"(^|_)(password|passwd|passphrase|secret|token|api_?key|private_key|community)$"
)
SHORTEST = 4
"""Secrets of fewer characters are not searched for: they stand in other text by chance."""


def check_model(found: Findings, model: type[BaseModel], base: type[BaseModel]) -> bool:
    """The class: frozen, strict about unknown keys, every field described, secrets typed as such.

    Returns:
        Whether it is of the right kind at all, so that the rest can be tried.
    """
    if not issubclass(model, base):
        found.append(f"{model.__name__} must be a subclass of {base.__name__}")
        return False
    config = model.model_config
    found.expect(
        config.get("frozen"), f"{model.__name__} is not frozen; leave model_config's frozen=True"
    )
    found.expect(
        config.get("extra") == "forbid",
        f"{model.__name__} takes unknown keys, so typing errors pass;"
        ' leave model_config\'s extra="forbid"',
    )
    _check_entries(found, model.__name__, field_list(json_schema(model)))
    for name, field in model.model_fields.items():
        found.expect(
            not any(issubclass(kind, Secret) for kind in _types(field.annotation)),
            f"{model.__name__}.{name} is a Secret[...], which its schema does not say; make it SecretStr",
        )
    return True


def _check_entries(found: Findings, path: str, entries: list[Entry]) -> None:
    for entry in entries:
        name = f"{path}.{entry['name']}"
        found.expect(
            entry.get("description"),
            f"{name} has no description; in a plugin.yaml give it a `description:`, in a class a docstring"
            " (a nested model has `Fields` as its base for that) or Field(description=...)",
        )
        found.expect(
            not (entry["type"] == "string" and SECRET_NAME.search(entry["name"])),
            f"{name} looks like a secret; its type should be SecretStr, which shows nowhere",
        )
        default = entry.get("default")
        found.expect(
            not isinstance(default, float) or math.isfinite(default),
            f"{name} has the default {default}, which JSON cannot say; make it a number, or `| None = None`",
        )
        _check_entries(found, name, entry.get("fields", []))


def _types(annotation: Any) -> Iterator[type]:
    kind = get_origin(annotation) or annotation
    if isinstance(kind, type):
        yield kind
    for argument in get_args(annotation):
        yield from _types(argument)


def check_manifest(found: Findings, cls: Part) -> None:
    """A manifest can be made of it, and JSON can say that. Without a name there is none, which was said."""
    if not getattr(cls, "name", ""):
        return
    try:
        json.dumps(manifest(cls), allow_nan=False)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is the author's to know)
        found.append(
            f"no manifest can be made of it: {error!r}; use types that JSON Schema can say"
        )


def secrets_of(value: object) -> set[str]:
    """The plain text of all secrets in a model, long enough to be searched for."""
    return {text for text in _secrets(value) if len(text) >= SHORTEST}


def _secrets(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, SecretBytes):
        yield value.get_secret_value().decode(errors="replace")
    elif isinstance(value, BaseModel):
        yield from _secrets(dict(value))
    elif isinstance(value, Mapping):
        yield from _secrets(list(cast("Mapping[object, object]", value).values()))
    elif isinstance(value, list | tuple | set | frozenset):
        for part in cast("Iterable[object]", value):
            yield from _secrets(part)


def check_silence(found: Findings, secrets: AbstractSet[str], places: Mapping[str, object]) -> None:
    """None of these texts has a secret in it."""
    for place, text in places.items():
        found.expect(
            not any(secret in str(text) for secret in secrets),
            f"{place} shows a secret; leave it out, or pass only what is no secret",
        )


def check_dump(found: Findings, value: BaseModel) -> set[str]:
    """What a model shows of itself. Returns its secrets."""
    secrets, name = secrets_of(value), type(value).__name__
    check_silence(
        found,
        secrets,
        {f"repr of {name}": repr(value), f"model_dump_json of {name}": value.model_dump_json()},
    )
    return secrets
