"""How a body is read: strictly, or as Go does (`--quirks`); and how OpenAPI is told of it."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from orbital_devcore import gojson
from orbital_devcore.core import Refused

if TYPE_CHECKING:
    from fastapi import Request

    from orbital_devcore.core import Core

M = TypeVar("M", bound=BaseModel)
MOST = 32 << 20
"""Bytes of an unpacked body that a sane server takes."""


async def read(core: Core, request: Request, model: type[M], *, code: int = 40001) -> M:
    """The body of a route that takes no compression.

    Raises:
        Refused: 400.
    """
    return parse(core, model, await request.body(), code=code)


async def read_packed(core: Core, request: Request, model: type[M]) -> M:
    """The body of ingest: gzip, if the header says exactly that."""
    raw = await request.body()
    if request.headers.get("content-encoding") == "gzip":
        raw = _unpack(raw)
    return parse(core, model, raw, trailing=False)


def parse(core: Core, model: type[M], raw: bytes, *, code: int = 40001, trailing: bool = True) -> M:
    try:
        if core.quirks:
            return gojson.read(model, raw, trailing=trailing)
    except gojson.NotGo as error:
        raise Refused(400, code, f"参数错误: {error}") from error
    return strictly(model, raw, code=code)


def strictly(model: type[M], raw: bytes, *, code: int = 40001) -> M:
    """As it is declared, whatever the mood."""
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise Refused(400, code, reasons(error)) from error


def reasons(error: ValidationError) -> str:
    """The first of them, in a line: where and what."""
    found = error.errors()[:10]
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in found)


def _unpack(raw: bytes) -> bytes:
    try:
        unpacked = gzip.decompress(raw)
    except gzip.BadGzipFile as error:
        raise Refused(400, 40001, "invalid gzip data: gzip: invalid header") from error
    except (EOFError, zlib.error) as error:
        raise Refused(400, 40001, "failed to read body: unexpected EOF") from error
    if len(unpacked) > MOST:
        raise Refused(413, 41301, f"more than {MOST} bytes")
    return unpacked


def documented(model: type[BaseModel]) -> dict[str, Any]:
    """`openapi_extra` of a route that reads this."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    inner = schema.pop("$defs", {})
    for name, one in inner.items():
        schema = _inlined(schema, name, one)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _inlined(schema: Any, name: str, one: dict[str, Any]) -> Any:
    """The schema with every reference to `name` replaced by what it means."""
    if isinstance(schema, dict):
        inside = cast("dict[str, Any]", schema)
        if inside.get("$ref") == f"#/components/schemas/{name}":
            return one
        return {key: _inlined(value, name, one) for key, value in inside.items()}
    if isinstance(schema, list):
        return [_inlined(value, name, one) for value in cast("list[Any]", schema)]
    return schema
