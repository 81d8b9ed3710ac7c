"""The other formats that VictoriaMetrics takes, as fast as Python makes them: cached text and one join.

They are here to be measured against remote write, which the writer sends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from orbital_remote_write import LabelRules
from orbital_remote_write.labels import render

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

    from orbital_sdk import Batch, Layout

_JSON: Final = msgspec.json.Encoder()
_RULES: Final = LabelRules()


def json_lines(batches: Sequence[Batch]) -> bytes:
    """`/api/v1/import`: one object a series."""
    parts: list[bytes] = []
    for batch in batches:
        prefixes = _cached(batch.layout, "json", _json_prefixes)
        tail = b'],"timestamps":[%d]}\n' % batch.ts
        parts += _joined(prefixes, _numbers(batch.values), tail)
    return b"".join(parts)


def text(batches: Sequence[Batch]) -> bytes:
    """`/api/v1/import/prometheus`: one line a sample."""
    parts: list[bytes] = []
    for batch in batches:
        prefixes = _cached(batch.layout, "text", _text_prefixes)
        parts += _joined(prefixes, _numbers(batch.values), b" %d\n" % batch.ts)
    return b"".join(parts)


def _joined(prefixes: list[bytes], numbers: list[bytes], tail: bytes) -> list[bytes]:
    out = [tail] * (3 * len(prefixes))
    out[0::3] = prefixes
    out[1::3] = numbers
    return out


def _numbers(values: array[float]) -> list[bytes]:
    return _JSON.encode(values.tolist())[1:-1].split(b",")


def _cached(layout: Layout, name: str, make: Any) -> list[bytes]:
    key = f"bench, {name}"
    if key not in layout.caches:
        target, added = _RULES.target(layout.origin), _RULES.added(layout.origin)
        pairs = [dict(render(row, target, added)) for row in layout.rows]
        layout.caches[key] = [make(each) for each in pairs]
    return layout.caches[key]


def _json_prefixes(pairs: dict[str, str]) -> bytes:
    return b'{"metric":' + _JSON.encode(pairs) + b',"values":['


def _text_prefixes(pairs: dict[str, str]) -> bytes:
    name = pairs.pop("__name__")
    labels = ",".join(f"{key}={_JSON.encode(value).decode()}" for key, value in pairs.items())
    return f"{name}{{{labels}}} ".encode()
