"""Encoding of layouts, which are stored once for all batches that share them.

`crc32 | version | snappy(msgpack(origin, rows))`
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from orbital_buffer.format.frame import compress, seal, uncompress, unseal
from orbital_buffer.model.damage import Damaged
from orbital_sdk import Identity, Layout, Origin, Row

VERSION: Final = 1
_SIZE: Final = "buffer.size"


class _Row(msgspec.Struct, array_like=True, frozen=True):
    name: str
    kind: Literal["gauge", "counter", "histogram"]
    """Version 0.1 wrote `histogram` for counters."""
    unit: str
    labels: tuple[tuple[str, str], ...]
    honor_labels: bool = False


class _Sentinel(msgspec.Struct, array_like=True, frozen=True):
    id: str
    name: str
    region: str
    labels: dict[str, str]


class _Layout(msgspec.Struct, array_like=True, frozen=True):
    task: str
    plugin: str
    device_id: str
    target: str
    sentinel: _Sentinel
    rows: list[_Row]


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(_Layout)


def encode_layout(layout: Layout) -> bytes:
    """Encode a layout.

    Raises:
        ValueError: A name or label cannot be encoded as UTF-8; the message names the task.
    """
    try:
        packed = _encoder.encode(_plain(layout))
        _decoder.decode(packed)  # what could not be read back must not be written
    except (TypeError, ValueError) as error:
        raise ValueError(f"a label of task {layout.origin.task!r} is not text: {error}") from error
    return seal(VERSION, compress(packed))


def decode_layout(data: bytes) -> Layout:
    """Decode a layout.

    Raises:
        Damaged: The bytes are not what was written.
    """
    try:
        plain = _decoder.decode(uncompress(unseal(VERSION, data)))
    except msgspec.MsgspecError as error:
        raise Damaged(f"not a layout: {error}") from error
    s = plain.sentinel
    sentinel = Identity(s.id, s.name, s.region, s.labels)
    origin = Origin(plain.task, plain.plugin, plain.device_id, plain.target, sentinel)
    return Layout(origin, [_row(row) for row in plain.rows])


def layout_size(layout: Layout) -> int:
    """Bytes of the encoded layout, computed once.

    Raises:
        ValueError: As `encode_layout`.
    """
    size: int | None = layout.caches.get(_SIZE)
    if size is None:
        size = layout.caches[_SIZE] = len(encode_layout(layout))
    return size


def _row(plain: _Row) -> Row:
    kind = "gauge" if plain.kind == "gauge" else "counter"
    return Row(plain.name, dict(plain.labels), kind, plain.unit, honor_labels=plain.honor_labels)


def _plain(layout: Layout) -> _Layout:
    o = layout.origin
    s = o.sentinel
    sentinel = _Sentinel(s.id, s.name, s.region, dict(s.labels))
    rows = [_Row(r.name, r.kind, r.unit, r.labels, r.honor_labels) for r in layout.rows]
    return _Layout(o.task, o.plugin, o.device_id, o.target, sentinel, rows)
