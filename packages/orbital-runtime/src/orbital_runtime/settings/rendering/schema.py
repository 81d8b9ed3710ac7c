"""JSON Schema of the file with the fields of installed parts, for editors and checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orbital_runtime.plugins.registry import Registry, Unusable
from orbital_runtime.settings.model.addition import additions, modes, settings_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import BaseModel

    from orbital_runtime.plugins.offers import Kind

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(registry: Registry | None = None) -> dict[str, Any]:
    """The schema; a registry adds the sections of extensions and the fields of plugins and writers."""
    added = additions(registry) if registry else ()
    whole = settings_model(added).model_json_schema()
    definitions = whole["$defs"]
    definitions["SenderSection"]["properties"]["mode"]["enum"] = sorted(modes(added))
    if registry is not None:
        definitions["TaskSection"]["allOf"] = list(_tasks(registry, definitions))
        outputs = whole["$defs"]["SenderSection"]["properties"]["direct"]
        outputs["properties"] = dict(_outputs(registry, definitions))
    return {"$schema": DIALECT, **whole}


def _tasks(registry: Registry, definitions: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """For each plugin: the keys of `config` and `device` of its tasks."""
    for name, plugin in _usable(registry, "plugin", registry.plugin):
        device = _properties(plugin.device_model, definitions, f"plugin.{name}.device.")
        config = _properties(plugin.config_model, definitions, f"plugin.{name}.config.")
        both = {"properties": config | device, "additionalProperties": False}
        yield {
            "if": {"properties": {"plugin": {"const": name}}, "required": ["plugin"]},
            "then": {"properties": {"config": both, "device": {"properties": device}}},
        }


def _outputs(registry: Registry, definitions: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, writer in _usable(registry, "writer", registry.writer):
        own = _properties(writer.config_model, definitions, f"writer.{name}.")
        section = definitions["OutputSection"]
        yield name, {"type": "object", "properties": own | section["properties"]}


def _usable(
    registry: Registry, kind: Kind, find: Callable[[str], Any]
) -> Iterator[tuple[str, Any]]:
    for name in registry.names(kind):
        try:
            yield name, find(name)
        except Unusable:
            continue


def _properties(model: type[BaseModel], definitions: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The model's properties; models inside it go to the definitions under names of their own."""
    own = model.model_json_schema(ref_template=f"#/$defs/{prefix}{{model}}")
    for name, definition in own.get("$defs", {}).items():
        definitions[prefix + name] = definition
    properties: dict[str, Any] = own.get("properties", {})
    return properties
