"""How a part is made and called: what it overrides takes what the agent gives."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orbital_sdk.testing.findings import Findings


def check_signatures(found: Findings, cls: type[Any], base: type[Any]) -> bool:
    """Whether every method that `cls` overrides of `base` can be called as the base's is."""
    public = {name: own for name, own in vars(base).items() if _is_called(name, own)}
    fit = [_check(found, cls, name, own) for name, own in public.items()]  # each is to be told
    return all(fit)


def check_made(found: Findings, part: object) -> bool:
    """Whether `__init__` kept the settings, as that of the base class does."""
    return found.expect(
        hasattr(part, "config"),
        "there is no `config` after __init__(); call super().__init__(config) in it",
    )


def _is_called(name: str, own: object) -> bool:
    return inspect.isfunction(own) and (name == "__init__" or not name.startswith("_"))


def _check(found: Findings, cls: type[Any], name: str, own: Any) -> bool:
    method = inspect.getattr_static(cls, name)
    if method is own or not inspect.isfunction(method):
        return True
    wanted, given = _untyped(own), _untyped(method)
    keywords = [one.name for one in wanted.parameters.values() if one.kind is one.KEYWORD_ONLY]
    others = [one for one in wanted.parameters if one not in keywords]
    try:
        given.bind(*others, **dict.fromkeys(keywords))
    except TypeError:
        found.append(f"{name}{given} cannot be called as the agent does; write {name}{wanted}")
        return False
    return True


def _untyped(function: Any) -> inspect.Signature:
    parameters = inspect.signature(function).parameters.values()
    return inspect.Signature([one.replace(annotation=one.empty) for one in parameters])
