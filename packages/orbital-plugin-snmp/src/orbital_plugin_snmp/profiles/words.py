"""The words of profiles: kinds of values, and how names, OIDs and expressions have to look."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field

from orbital_sdk.metric import DEVICE_ID, LABEL_NAME, METRIC_NAME

Kind = Literal[
    "gauge", "counter", "Float", "Double", "DateAndTime", "ParseDateAndTime", "NTPTimeStamp",
    "EnumAsInfo", "EnumAsStateSet", "Bits", "DisplayString", "OctetString", "PhysAddress48",
    "InetAddressIPv4", "InetAddressIPv6", "InetAddress",
]  # fmt: skip
"""What a value becomes, in the words of snmp_exporter."""
TextKind = Literal[
    "gauge", "Enum", "DisplayString", "OctetString", "PhysAddress48", "InetAddressIPv4",
    "InetAddressIPv6", "InetAddress", "InetAddressMissingSize", "ObjectIdentifier", "DateAndTime",
    "Bits",
]  # fmt: skip
"""What a label's value is."""
NUMBERS: Final = frozenset({"gauge", "counter", "Float", "Double"})
MOMENTS: Final = frozenset({"DateAndTime", "ParseDateAndTime", "NTPTimeStamp"})
NAMED: Final = frozenset({"EnumAsInfo", "EnumAsStateSet", "Bits"})
OID: Final = re.compile(r"\.?[0-2](\.(0|[1-9][0-9]{0,9})){1,127}")


def _oid(value: object) -> object:
    if not isinstance(value, str | int | float):
        return value
    text = str(value)
    if not OID.fullmatch(text) or any(int(part) >= 1 << 32 for part in text.strip(".").split(".")):
        raise ValueError(
            f"{text[:80]!r} is not an OID; write numbers and dots, like 1.3.6.1.2.1.1.3.0"
        )
    return text.removeprefix(".")


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return value


def _metric_name(value: str) -> str:
    if not METRIC_NAME.fullmatch(value):
        raise ValueError(f"{value!r} is not a metric name; use letters, digits, _ and :")
    return value


def _label_name(value: str) -> str:
    if not LABEL_NAME.fullmatch(value) or value == DEVICE_ID or value.startswith("__"):
        raise ValueError(
            f"{value!r} is not a label a profile may set; use letters, digits and _,"
            f" and neither {DEVICE_ID} nor a leading __"
        )
    return value


def _texts(value: object) -> object:
    """One text or several; YAML reads `up` as text but `on` as a boolean and 1 as a number."""
    many = cast("list[object]", value) if isinstance(value, list | tuple) else [value]
    return [str(one).lower() if isinstance(one, bool) else _plain(one) for one in many]


def _plain(value: object) -> object:
    return str(value) if isinstance(value, int | float) else value


Oid = Annotated[str, BeforeValidator(_oid)]
Pattern = Annotated[str, Field(max_length=1000), AfterValidator(_pattern)]
MetricName = Annotated[str, Field(max_length=200), AfterValidator(_metric_name)]
LabelName = Annotated[str, Field(max_length=200), AfterValidator(_label_name)]
Enum = dict[int, Annotated[str, Field(max_length=200)]]
Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]
