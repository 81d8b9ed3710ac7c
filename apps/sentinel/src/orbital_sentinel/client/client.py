"""HTTP requests to a running agent over its Unix socket."""

from __future__ import annotations

import http.client
import json
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class NotRunning(Exception):  # noqa: N818 (reads as what happened)
    """No agent answers on this socket."""


class Refused(Exception):  # noqa: N818 (as above)
    """The agent refused a request; the message is the agent's.

    Args:
        message: The agent's message.
        problems: Problems of the configuration, if they are the reason.
    """

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class Client:
    """Requests to one agent, each on its own connection.

    Args:
        path: The agent's socket.
        timeout: Time limit of an answer, in seconds.
    """

    def __init__(self, path: Path, *, timeout: float = 10) -> None:
        self._path = path
        self._timeout = timeout

    def get(self, route: str) -> Any:
        """GET a route, as decoded JSON.

        Raises:
            NotRunning, Refused
        """
        return self._ask("GET", route)

    def post(self, route: str) -> Any:
        """POST a route; the answer as decoded JSON.

        Raises:
            NotRunning, Refused
        """
        return self._ask("POST", route)

    def is_there(self) -> bool:
        """Whether an agent answers on the socket."""
        try:
            self.get("/healthz")
        except NotRunning:
            return False
        except Refused:
            return True
        return True

    def fetch(self, route: str) -> bytes:
        """GET a route, as bytes.

        Raises:
            NotRunning, Refused
        """
        status, body = self._exchange("GET", route)
        if status >= http.HTTPStatus.BAD_REQUEST:
            raise _refusal(body)
        return body

    def _ask(self, method: str, route: str) -> Any:
        status, body = self._exchange(method, route)
        if status >= http.HTTPStatus.BAD_REQUEST:
            raise _refusal(body)
        try:
            return json.loads(body or b"null")
        except ValueError as error:
            raise NotRunning(f"the sentinel on {self._path} does not answer: {error}") from error

    def _exchange(self, method: str, route: str) -> tuple[int, bytes]:
        connection = _UnixConnection(self._path, self._timeout)
        try:
            connection.request(method, route)
            reply = connection.getresponse()
            return reply.status, reply.read()
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NotRunning(
                f"no sentinel is running here (nothing answers on {self._path})"
            ) from error
        except PermissionError as error:
            raise NotRunning(
                f"a sentinel may be running, but its socket {self._path} belongs to another user; "
                "ask as that user or as root"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise NotRunning(
                f"the sentinel on {self._path} does not answer: {error or type(error).__name__}"
            ) from error
        finally:
            connection.close()


def _refusal(body: bytes) -> Exception:
    """The exception for an error answer of the agent."""
    try:
        told = json.loads(body)
        return Refused(told["error"], told.get("problems", ()))
    except (ValueError, KeyError, TypeError):
        return NotRunning(f"the sentinel answers with {body[:80]!r}")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("sentinel", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
