"""Web servers of a test's own: it says what they answer, the rest is here."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator

S = TypeVar("S", bound=HTTPServer)


class Statuses(BaseHTTPRequestHandler):
    """Answers each GET with a status alone, and logs nothing."""

    def status(self) -> int:
        """What to answer."""
        raise NotImplementedError

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(self.status())
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
        """Say nothing."""


@contextmanager
def served(server: S) -> Generator[S]:
    """Serves in a thread of its own meanwhile."""
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
