"""An answer with a page, and the files that pages use."""

from __future__ import annotations

import gzip
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from orbital_console.web.language import LANGUAGES, preferred
from orbital_console.web.rendering import render
from orbital_runtime.threads import in_background

if TYPE_CHECKING:
    from starlette.requests import Request

    from orbital_console.api.context import Context

REFRESH: Final = 5
"""Seconds between two looks of an open page."""
STATIC: Final = {
    "console.css": "text/css", "console.js": "text/javascript", "icon.svg": "image/svg+xml",
}  # fmt: skip
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie, Accept-Encoding",
}
COOKIE: Final = "sentinel_language"
YEAR: Final = 365 * 86400
SQUEEZED: Final = 2000
"""Bytes from which a page is compressed."""


async def page(
    context: Context, request: Request, template: str, *, code: int = 200, **values: Any
) -> Response:
    """A page.

    Args:
        context: The state of the agent.
        request: Of the client, with the wish for a language.
        template: Name of the template.
        code: Status code.
        values: For the template.
    """
    status = await context.views.status()
    now = context.host.clock.utc_ms()
    named = {"status": status, "name": status["sentinel"]["name"], "here": template, "now": now}
    return await in_background(_page, request, template, code, named | values)


async def static(request: Request) -> Response:
    """The style sheet, the script, or the icon."""
    name = request.path_params["name"]
    if name not in STATIC:
        raise HTTPException(404, "there is no such file")
    body = files("orbital_console.web").joinpath("static", name).read_bytes()
    headers = HEADERS | {"Cache-Control": "max-age=300"}
    return _squeezed(Response(body, media_type=STATIC[name], headers=headers), request)


def _page(request: Request, template: str, code: int, values: dict[str, Any]) -> Response:
    chosen = request.query_params.get("lang") or request.cookies.get(COOKIE, "")
    language = (
        chosen if chosen in LANGUAGES else preferred(request.headers.get("Accept-Language", ""))
    )
    body = render(f"{template}.html", language, **({"refresh": REFRESH} | values))
    response = HTMLResponse(body, code, headers=HEADERS)
    if chosen in LANGUAGES:
        response.set_cookie(COOKIE, language, max_age=YEAR, samesite="strict", httponly=True)
    return _squeezed(response, request)


def _squeezed(response: Response, request: Request) -> Response:
    """With gzip, where the client takes it."""
    body = bytes(response.body)
    if len(body) >= SQUEEZED and "gzip" in request.headers.get("accept-encoding", ""):
        response.body = gzip.compress(body, 5)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(len(response.body))
    return response
