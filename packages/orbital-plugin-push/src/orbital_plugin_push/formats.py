"""What stands in a body: each path has one format, and each format knows what it refuses."""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote

from orbital_plugin_push import exposition
from orbital_plugin_push.answers import RefusedError, too_large
from orbital_remote_write import (
    Decoder,
    MalformedRequestError,
    RequestTooLargeError,
    UnknownEncodingError,
    decompressed,
)
from orbital_sdk import Columns
from orbital_sdk.inflate import inflated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_remote_write import KnownSeries
    from orbital_sdk import Records

REMOTE_WRITE: Final = ("/api/v1/write", "/api/v1/push")
"""As Prometheus calls it, and Mimir."""
TEXT: Final = ("/api/v1/import/prometheus",)
"""As VictoriaMetrics calls it."""
GROUP: Final = "/metrics/job"
"""As the Pushgateway calls it: labels follow."""
_PROTOBUF: Final = ("", "application/x-protobuf", "application/octet-stream")
_VERSION_1: Final = ("", "prometheus.WriteRequest")


class Arrived(NamedTuple):
    """What came in one request."""

    records: Records
    samples: int
    refused: Counter[str]
    """Samples that are left out, by reason."""
    problem: str = ""
    """What is wrong with the first of these."""


class Formats:
    """Reads bodies of one address; not on several threads at once.

    Args:
        limit: Bytes that a body may become when it is decompressed.
        known: The series that came before.
    """

    def __init__(self, limit: int, known: KnownSeries) -> None:
        self._limit = limit
        self._known = known
        self._decoder = Decoder(known)

    def read(self, path: str, headers: Mapping[str, str], body: bytes) -> Arrived:
        """The samples of a body.

        Raises:
            RefusedError
        """
        if path in REMOTE_WRITE:
            return self._remote_write(headers, body)
        return self._text(group_of(path), headers, body)

    def _remote_write(self, headers: Mapping[str, str], body: bytes) -> Arrived:
        _only_version_1(headers.get("Content-Type", ""))
        try:
            plain = decompressed(body, headers.get("Content-Encoding", ""), self._limit)
            got = self._decoder.decode(plain)
        except RequestTooLargeError as error:
            raise too_large(str(error)) from error
        except UnknownEncodingError as error:
            raise RefusedError(415, str(error)) from error
        except MalformedRequestError as error:
            raise RefusedError(400, str(error)) from error
        columns = Columns(tuple(got.series), got.values, got.times)
        return Arrived(columns, len(got.series), got.refused, got.problem)

    def _text(self, labels: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> Arrived:
        coding = headers.get("Content-Encoding", "")
        if "protobuf" in headers.get("Content-Type", "").lower():
            raise RefusedError(415, "this path takes the text format, and no protobuf")
        if coding.strip().lower() not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise RefusedError(415, f"content-encoding {coding[:40]!r}: use gzip, or none")
        plain = inflated(body, coding, self._limit)
        if len(plain.data) >= self._limit:
            raise too_large(plain.problem)
        if plain.problem:
            raise RefusedError(400, plain.problem)
        self._known.turn()
        try:
            samples = exposition.samples(plain.data.decode(), labels, self._known)
        except (UnicodeDecodeError, exposition.MalformedTextError) as error:
            raise RefusedError(400, str(error)) from error
        return Arrived(samples, len(samples), Counter())


def is_known(path: str) -> bool:
    """Whether something is taken there."""
    return path in REMOTE_WRITE or path in TEXT or path.startswith(GROUP)


def group_of(path: str) -> dict[str, str]:
    """The labels that a path of the Pushgateway names: `/metrics/job/JOB{/LABEL/VALUE}`.

    A name that ends in `@base64` has its value in base64 (RFC 4648, 5; `=` stands for an empty one).

    Raises:
        RefusedError: They do not come in pairs, or a value is not base64.
    """
    if not path.startswith(GROUP):
        return {}
    parts = path.removeprefix("/metrics/").split("/")
    if len(parts) % 2:
        raise RefusedError(404, "labels in the path come in pairs: /metrics/job/JOB/LABEL/VALUE")
    return dict(map(_pair, parts[0::2], parts[1::2]))


def _pair(name: str, value: str) -> tuple[str, str]:
    if not name.endswith("@base64"):
        return unquote(name), unquote(value)
    try:
        padded = value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4)
        return name.removesuffix("@base64"), base64.b64decode(padded, b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise RefusedError(400, f"the value of {name} in the path is not base64") from error


def _only_version_1(content_type: str) -> None:
    """Senders of remote write 2.0 go back to 1.0 where they are told 415 (specification 2.0)."""
    kind, _, parameters = content_type.partition(";")
    proto = parameters.partition("proto=")[2].partition(";")[0].strip().strip('"')
    if kind.strip().lower() not in _PROTOBUF or proto not in _VERSION_1:
        raise RefusedError(
            415, f"content-type {content_type[:100]!r}: remote write 1.0 is taken, in protobuf"
        )
