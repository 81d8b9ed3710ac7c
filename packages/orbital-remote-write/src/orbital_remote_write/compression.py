"""How a body is compressed, and how the request says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import cramjam
import snappy  # pyright: ignore[reportMissingTypeStubs] (untyped)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LEVEL: Final = 1
"""Of zstd: half of snappy's size at the same price; higher ones cost several times as much."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A compression, with the headers that go with it."""

    headers: Mapping[str, str]
    compress: Callable[[bytes], bytes]


def _zstd(body: bytes) -> bytes:
    return bytes(cramjam.zstd.compress(body, _LEVEL))


SNAPPY: Final = Codec(
    {"Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "0.1.0"},
    cast("Callable[[bytes], bytes]", snappy.compress),  # pyright: ignore[reportUnknownMemberType] (untyped)
)
"""What remote write 1.0 asks for: the block format, not the framed one."""
ZSTD: Final = Codec(
    {"Content-Encoding": "zstd", "X-VictoriaMetrics-Remote-Write-Version": "1"}, _zstd
)
"""VictoriaMetrics' own variant (docs.victoriametrics.com/vmagent, "remote write protocol")."""
