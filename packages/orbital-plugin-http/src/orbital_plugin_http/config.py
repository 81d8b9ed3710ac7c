"""What to ask, what answer to expect, and what to read out of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    model_validator,
)

from orbital_plugin_http.exposition_rules import PrometheusRules
from orbital_plugin_http.patterns import Patterns, one_or_many
from orbital_plugin_http.status import ranges
from orbital_plugin_http.value_rules import ValueRule  # noqa: TC001 (pydantic reads it at run time)
from orbital_sdk import ByteSize, Duration, PluginConfig

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 (RFC 9110's word for a name, no secret)
_OURS = {"connection", "content-length", "transfer-encoding", "upgrade"}


def _status(text: str) -> str:
    ranges(text)
    return text


def _method(text: str) -> str:
    if text == "CONNECT":
        raise ValueError("CONNECT opens a tunnel and cannot be probed")
    return text


def _header(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not text.isprintable() and "\t" not in text:
        raise ValueError("a header's value is one line of printable text")
    return value


def _rules(value: object) -> object:
    """`prometheus: true` asks for the rules' defaults."""
    if not isinstance(value, bool):
        return value
    return PrometheusRules() if value else None


Status = Annotated[
    str, BeforeValidator(str), AfterValidator(_status), Field(examples=["200", "200-299", "2xx"])
]
HeaderName = Annotated[str, Field(pattern=f"^{_TOKEN}$", max_length=256)]
HeaderValue = Annotated[SecretStr, AfterValidator(_header), Field(max_length=8000)]
Version = Literal["any", "4", "6", "prefer_4", "prefer_6"]


class HttpConfig(PluginConfig):
    """One request and its checks. Without settings: GET, and 200 to 299 is good."""

    method: Annotated[
        str,
        BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
        AfterValidator(_method),
        Field(pattern=f"^{_TOKEN}$", max_length=32),
    ] = "GET"
    """HTTP method."""
    headers: Annotated[
        dict[HeaderName, HeaderValue],
        Field(
            max_length=64,
            default_factory=dict,
            validation_alias=AliasChoices("headers", "custom_headers"),
        ),
    ]
    """More headers. Their values may be secrets, so they are shown nowhere."""
    body: Annotated[SecretStr, Field(max_length=1_000_000)] | None = None
    """Request body, shown nowhere."""
    timeout: Annotated[Duration, Field(gt=0)] | None = None
    """Longest time for the whole probe, name look-up and redirects included; never above the task's."""
    ip_version: Annotated[
        Version, BeforeValidator(lambda v: str(v) if isinstance(v, int) else v)
    ] = "any"
    """Use only IPv4 (4) or IPv6 (6), or try one kind first (prefer_4, prefer_6)."""
    keep_alive: bool = False
    """Keep the connection for the next run. The phases resolve, connect and tls are 0 then."""
    compression: bool = False
    """Offer gzip and deflate to the server. What comes compressed is decompressed in any case."""

    follow_redirects: bool = True
    """Go where 301, 302, 303, 307 and 308 point to. Credentials, headers and body stay with the first server:
    the same scheme, host and port, or https on the same host.
    """
    share_on_redirect: bool = False
    """Send `headers` and `body` to other servers, too, when a redirect leads there. Credentials,
    Authorization and Cookie stay with the first in any case.
    """
    max_redirects: Annotated[int, Field(ge=0, le=50)] = 10
    """A redirect after so many is a failure."""

    expected_status: Annotated[
        tuple[Status, ...], BeforeValidator(one_or_many), Field(min_length=1, max_length=64)
    ] = ("2xx",)
    """Good status codes: 200, 200-299 or 2xx, one or a list."""
    body_matches: Patterns = ()
    """Regular expressions, one or a list, that must all be found in the body."""
    body_must_not_match: Patterns = ()
    """Regular expressions, one or a list, none of which may be found in the body."""
    max_body: Annotated[ByteSize, Field(ge=1, le=256 * 1024**2)] = 4 * 1024**2
    """Bytes of the body to read at most, and the most it may have when decompressed."""
    large_body: Literal["fail", "truncate"] = "fail"
    """What a larger body is: a failure, or cut there and checked as it is."""

    values: Annotated[tuple[ValueRule, ...], Field(max_length=256)] = ()
    """Numbers to read out of a JSON body."""
    prometheus: Annotated[PrometheusRules | None, BeforeValidator(_rules)] = None
    """Read the body as a Prometheus page: `true`, or rules."""
    max_values: Annotated[int, Field(ge=1, le=1_000_000)] = 20_000
    """Samples that one body may give; what is beyond is counted as missing."""

    @model_validator(mode="after")
    def _whole_body(self) -> Self:
        if self.values and self.prometheus:
            raise ValueError("a body is JSON or a Prometheus page; use values or prometheus")
        if self.reads_values and self.large_body == "truncate":
            raise ValueError("values and prometheus need the whole body; leave large_body at fail")
        if self.reads_values and self.method == "HEAD":
            raise ValueError("an answer to HEAD has no body to read values from")
        return self

    @model_validator(mode="after")
    def _one_metric_a_name(self) -> Self:
        shapes: dict[str, Any] = {}
        for rule in self.values:
            if shapes.setdefault(rule.name, rule.shape) != rule.shape:
                raise ValueError(
                    f"the values named {rule.name} must have the same labels, kind, unit and help"
                )
        return self

    @model_validator(mode="after")
    def _own_headers(self) -> Self:
        if wrong := sorted(name for name in self.headers if name.lower() in _OURS):
            raise ValueError(f"{', '.join(wrong)} cannot be set; the plugin writes it itself")
        return self

    @property
    def reads_values(self) -> bool:
        return bool(self.values) or self.prometheus is not None
