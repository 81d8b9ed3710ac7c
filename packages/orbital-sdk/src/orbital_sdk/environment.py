"""The environment of programs that are not ours: little of the agent's own, which may hold secrets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

KEPT: Final = frozenset({"PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "SYSTEMROOT"})
"""Variables of the agent that programs get, beside `LC_*`."""


def environment(
    given: Mapping[str, SecretStr], own: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """All variables of a program.

    Args:
        given: What is set for it.
        own: Those of the agent.
    """
    kept = {name: value for name, value in own.items() if name in KEPT or name.startswith("LC_")}
    return kept | {name: value.get_secret_value() for name, value in given.items()}
