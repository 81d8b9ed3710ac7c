"""The body of a request, read within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from orbital_plugin_push.answers import RefusedError, too_large

if TYPE_CHECKING:
    from orbital_plugin_push.device import PushDevice


async def read(request: web.BaseRequest, device: PushDevice) -> bytes:
    """The body as it came.

    Raises:
        RefusedError: It is larger than `device.max_body`, or the sender went away.
    """
    limit = device.max_body
    if (request.content_length or 0) > limit:
        raise too_large(f"the body has {request.content_length} bytes, and may have {limit}")
    body = bytearray()
    try:
        async for piece in request.content.iter_any():
            body += piece
            if len(body) > limit:
                raise too_large(f"the body has more than {limit} bytes")
    except web.RequestPayloadError as error:
        raise RefusedError(400, "the body is cut off or malformed") from error
    return bytes(body)
