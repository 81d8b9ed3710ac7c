"""The effective configuration with defaults and environment, as plain data with wrapped secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pydantic import SecretStr

from orbital_runtime.settings.model.delivery import OutputSection
from orbital_runtime.settings.secrecy import is_secret_key
from orbital_sdk.units import format_duration

if TYPE_CHECKING:
    from pydantic import BaseModel

    from orbital_runtime.model import Task
    from orbital_runtime.settings.load import Loaded
    from orbital_runtime.settings.model.collector import TaskSection
    from orbital_runtime.settings.validation.outputs import OutputSettings
    from orbital_sdk.problems import Loc


def effective(loaded: Loaded) -> dict[str, Any]:
    """All sections. Secrets are `SecretStr`, by the model, or by the name of the key if there is no model."""
    settings = loaded.settings
    data = cast("dict[str, Any]", _wrapped(_dump(settings), ()))
    for output in loaded.outputs:
        data["sender"]["direct"][output.name] |= _numbers(output) | _dump(output.config)
    bound = {task.id: task for task in loaded.tasks if task.id not in loaded.broken}
    data["tasks"] = [
        _task(section, bound[section.id]) if section.id in bound else shown
        for section, shown in zip(settings.tasks, data["tasks"], strict=True)
    ]
    for name, config in loaded.secrets.settings.items():
        data["secrets"][name] = _dump(config)
    for processor in loaded.processors:
        _at(data, processor.at).update(_dump(processor.config))
    return data


def _at(data: Any, loc: Loc) -> dict[str, Any]:
    for part in loc:
        data = data[part]
    return data


def _task(section: TaskSection, task: Task) -> dict[str, Any]:
    """In the order of the file, with fields under `device` and `config`."""
    own = dict.fromkeys(type(section).model_fields) | _dump(section)
    return own | {
        "device_id": task.device_id,
        "interval": format_duration(task.interval),
        "timeout": format_duration(task.timeout),
        "device": _dump(task.device),
        "config": _dump(task.config),
    }


def _numbers(output: OutputSettings) -> dict[str, Any]:
    """The delivery policy of the output, as keys of its section."""
    policy = output.policy
    breaker = {"failures": policy.breaker_failures, "reset": policy.breaker_reset}
    own = {k: getattr(policy, k) for k in OutputSection.model_fields if hasattr(policy, k)}
    section = OutputSection.model_validate(own | {"writer": "", "breaker": breaker})
    return section.model_dump(exclude_defaults=True)


def _dump(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(exclude_none=True, by_alias=True)


def _wrapped(value: object, loc: Loc) -> object:
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value).items()
        return {key: _wrapped(child, (*loc, key)) for key, child in pairs}
    if isinstance(value, list):
        return [_wrapped(child, loc) for child in cast("list[object]", value)]
    return SecretStr(value) if isinstance(value, str) and is_secret_key(loc) else value
