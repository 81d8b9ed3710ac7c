"""A response as it comes in: parsed by llhttp (through httptools), bounded in every direction."""

from __future__ import annotations

from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from orbital_plugin_http.failure import ProbeFailedError, Reason

MAX_HEAD: Final = 65_536
"""Bytes of all headers, those of interim responses (100, 103) included."""
MAX_FRAMING: Final = 8
"""Bytes of chunk framing and trailers allowed for each byte of body, on top of `MAX_HEAD`."""


class Reply:
    """One response. Feed it until it is `complete`.

    Args:
        max_body: Bytes of the body to keep; more makes it `truncated` and `complete`.
        head: Whether it answers a HEAD request, so that no body follows its headers.
    """

    __slots__ = (
        "_fed", "_interim", "_max_body", "_no_body", "_parser", "body", "complete", "headers",
        "headers_complete", "reusable", "status", "truncated", "version",
    )  # fmt: skip

    def __init__(self, max_body: int, *, head: bool = False) -> None:
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True)  # as devices do
        self._max_body = max_body
        self._no_body = head
        self._interim = False
        self._fed = 0
        self.status = 0
        self.version = 0.0
        self.headers: dict[bytes, bytes] = {}
        """Names in small letters; values of repeated headers joined by a comma."""
        self.body = bytearray()
        self.headers_complete = False
        self.complete = False
        self.truncated = False
        """Whether the body was longer than `max_body`."""
        self.reusable = False
        """Whether another request may follow on the same connection."""

    def feed(self, data: bytes) -> None:
        """Parse what came; empty data is the end of the connection.

        Raises:
            ProbeFailedError: It is not HTTP, cut off, or too large.
        """
        if data:
            self._fed += len(data)
            self._parse(data)
        else:
            self._end()
        if self.complete:
            self._parser = None  # it holds this object's methods: a circle that only gc would break
        else:
            self._bound()

    def header(self, name: bytes) -> str:
        """A header's value; empty where there is none."""
        return self.headers.get(name, b"").decode("latin-1")

    @property
    def begun(self) -> bool:
        """Whether anything came."""
        return self._fed > 0

    @property
    def content_length(self) -> int:
        """As the server says; -1 where it doesn't."""
        value = self.headers.get(b"content-length", b"")
        return int(value) if value.isdigit() and len(value) < 20 else -1

    @property
    def until_closed(self) -> bool:
        """Whether only the end of the connection ends the body (RFC 9112, 6.3)."""
        if self._no_body or self.status in (204, 304):
            return False
        coding = self.headers.get(b"transfer-encoding")
        if coding is not None:
            return not coding.lower().endswith(b"chunked")
        return b"content-length" not in self.headers

    def _parse(self, data: bytes) -> None:
        parser = self._parser
        if parser is None:
            return
        try:
            parser.feed_data(data)
        except HttpParserUpgrade:
            self.complete = True
        except HttpParserError as error:
            if not self.complete:
                raise ProbeFailedError(Reason.PROTOCOL, f"not valid HTTP: {error}") from error
            self.reusable = False  # what follows the response is nobody's

    def _end(self) -> None:
        if self.headers_complete and self.until_closed:
            self.complete = True
        elif self.headers_complete:
            whole = self.content_length
            of = f" of {whole}" if whole >= 0 else ""
            raise ProbeFailedError(
                Reason.PROTOCOL,
                f"the connection was cut after {len(self.body)}{of} bytes of the body",
            )
        elif self._fed:
            raise ProbeFailedError(Reason.PROTOCOL, "the connection was cut within the headers")
        else:
            raise ProbeFailedError(Reason.PROTOCOL, "the connection was closed without an answer")

    def _bound(self) -> None:
        allowed = MAX_HEAD + (len(self.body) * (1 + MAX_FRAMING) if self.headers_complete else 0)
        if self._fed > allowed:
            what = "chunk framing or trailers" if self.headers_complete else "headers"
            raise ProbeFailedError(Reason.PROTOCOL, f"{what} of more than {MAX_HEAD} bytes")

    # What httptools calls.

    def on_message_begin(self) -> None:
        self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.headers_complete:
            return  # a trailer
        name = name.lower()
        known = self.headers.get(name)
        self.headers[name] = value if known is None else known + b", " + value

    def on_headers_complete(self) -> None:
        parser = self._parser
        if parser is None or self.headers_complete:
            return
        self.status = parser.get_status_code()
        self.version = float(parser.get_http_version())
        self._interim = 100 <= self.status < 200 and self.status != 101
        if not self._interim:
            self.headers_complete = True
            if self._no_body:
                self.complete, self.reusable = True, parser.should_keep_alive()

    def on_body(self, chunk: bytes) -> None:
        room = self._max_body - len(self.body)
        if len(chunk) <= room:
            self.body += chunk
        elif not self.truncated:
            self.body += chunk[:room]
            self.truncated = self.complete = True

    def on_message_complete(self) -> None:
        if self._interim:
            self.headers.clear()
            self._interim = False
        elif self._parser is not None and not self.complete:
            self.complete = True
            self.reusable = self._parser.should_keep_alive() and not self.until_closed
