"""What a plugin, writer or processor says about itself, derived from its class and models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from orbital_sdk.contract.plugin import Plugin
from orbital_sdk.schema.field_list import field_list
from orbital_sdk.schema.json_schema import json_schema

if TYPE_CHECKING:
    from orbital_sdk.contract.processor import Processor
    from orbital_sdk.contract.writer import Writer
    from orbital_sdk.metric import Metric

    Part = type[Plugin[Any, Any] | Writer[Any] | Processor[Any]]


def manifest(cls: Part, *, version: str = "") -> dict[str, Any]:
    """Plain data (text, numbers, booleans, lists, dicts) that JSON and YAML take as it is.

    Args:
        cls: A plugin, writer or processor class.
        version: Of its distribution; the class does not know it.

    Returns:
        `meta`, `config_fields` and, of plugins, `device_fields` and `metrics`: the list form, as
        in `plugin_yaml`. Beside them `config_schema` and, of plugins, `device_schema`: JSON Schemas.
        No default of a secret stands in any of them.
    """
    about: dict[str, Any] = {"meta": _meta(cls, version)}
    if issubclass(cls, Plugin):
        about["device_schema"] = json_schema(cls.device_model)
        about["device_fields"] = field_list(about["device_schema"])
        about["metrics"] = [_metric(metric) for metric in cls.declared_metrics()]
    about["config_schema"] = json_schema(cls.config_model)
    about["config_fields"] = field_list(about["config_schema"])
    return about


def plugin_yaml(cls: Part, *, version: str = "") -> dict[str, Any]:
    """What the `plugin.yaml` of the original design says, keys in its order: `manifest` without schemas."""
    about = manifest(cls, version=version)
    order = ("meta", "device_fields", "config_fields", "metrics")
    return {key: about[key] for key in order if key in about}


def _meta(cls: Part, version: str) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": cls.name, "version": version, "description": cls.summary}
    if issubclass(cls, Plugin):
        meta |= {"author": "", "device_types": []} | msgspec.json.decode(
            msgspec.json.encode(dict(cls.metadata))
        )
    return meta


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "name": metric.name,
        "type": metric.kind,
        "unit": metric.unit,
        "description": metric.help,
        "labels": list(metric.labels),
    }
