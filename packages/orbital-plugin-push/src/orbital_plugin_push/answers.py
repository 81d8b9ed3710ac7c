"""What senders are told. Its status says what Prometheus and vmagent do next.

204: they have done their part. 400 and most of 4xx: it will never work, they drop it. 5xx, and 429 where
Prometheus was told to: they try again later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from orbital_plugin_push.gate import Gate

RETRY_AFTER: Final = "5"
"""Seconds after which a sender may try again."""


class RefusedError(Exception):
    """The answer to a request that is not taken.

    Args:
        status: Of HTTP.
        words: For people; without line breaks.
        headers: More of the answer.
    """

    def __init__(self, status: int, words: str, **headers: str) -> None:
        super().__init__(words)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def response(self) -> web.Response:
        """As it is sent."""
        return web.Response(status=self.status, text=f"{self}\n", headers=self.headers)


def unauthorized(gate: Gate) -> RefusedError:
    """No credentials, or wrong ones."""
    return RefusedError(401, "credentials are missing or wrong", WWW_Authenticate=gate.challenge)


def too_large(what: str) -> RefusedError:
    """More than is taken at once."""
    return RefusedError(413, f"{what}; send smaller requests")


def busy(status: int, why: str) -> RefusedError:
    """The buffer takes nothing now."""
    return RefusedError(status, f"{why}; try again later", Retry_After=RETRY_AFTER)


def stopping() -> RefusedError:
    """This serving is over, and the next one may begin soon."""
    return RefusedError(503, "stopping; try again later", Retry_After=RETRY_AFTER)
