"""`community=public,port=1161` as the fields of a device."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from orbital_plugin_snmp.device import SnmpDevice, mistakes
from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE: Final = re.compile(r"\$(?:(\$)(?=\{)|\{([A-Za-z_][A-Za-z0-9_]*)\})")
_COMMA: Final = re.compile(r"(?<!\\),")


def fields(text: str) -> dict[str, str]:
    r"""What somebody wrote, as a configuration file has it. A comma in a value is written `\,`.

    Raises:
        ConfigurationError: It is not a list of `field=value`.
    """
    found: dict[str, str] = {}
    for part in _COMMA.split(text):
        name, equals, value = part.replace("\\,", ",").partition("=")
        name = name.strip()
        if not equals or not name or name in found:
            shown = f"{name}=***" if equals else "a part"
            raise ConfigurationError(
                f"--snmp: {shown} is not a field of its own; write community=public, or"
                " version=3,username=ops,auth_password='${SNMP_AUTH_PASSWORD}'"
            )
        found[name] = value
    return found


def device_of(given: Mapping[str, str], host: str) -> SnmpDevice:
    """A device, with `${NAME}` replaced by the variable of that name.

    Raises:
        ConfigurationError: A field is unknown or wrong, or a variable is not set.
    """
    known: dict[str, Any] = {name: _resolved(value) for name, value in given.items()}
    try:
        return SnmpDevice.model_validate({"host": host} | known)
    except ValidationError as error:
        raise ConfigurationError(f"--snmp: {mistakes(error)}") from error


def _resolved(text: str) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1]:
            return "$"
        found = os.environ.get(match[2])
        if found is None:
            raise ConfigurationError(f"--snmp: the variable {match[2]} is not set")
        return found

    return _VARIABLE.sub(value, text)
