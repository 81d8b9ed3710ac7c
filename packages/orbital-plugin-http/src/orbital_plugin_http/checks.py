"""Whether a response is as it should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_plugin_http.encoding import decoded, text_of
from orbital_plugin_http.failure import ProbeFailedError, Reason
from orbital_plugin_http.patterns import PatternTooSlowError, compiled, found
from orbital_plugin_http.status import Expected

if TYPE_CHECKING:
    from orbital_plugin_http.config import HttpConfig
    from orbital_plugin_http.reply import Reply
    from orbital_plugin_http.trace import Trace

    Body = bytes | bytearray


class Checks:
    """The checks of one plugin instance."""

    def __init__(self, config: HttpConfig) -> None:
        self._expected = Expected(config.expected_status)
        self._wanted = [compiled(text) for text in config.body_matches]
        self._unwanted = [compiled(text) for text in config.body_must_not_match]
        self._limit = config.max_body
        self._cut = config.large_body == "truncate"

    def judge(self, reply: Reply, trace: Trace, *, credentials: bool) -> Body:
        """The body, decompressed, of a response that passes.

        Args:
            reply: A complete response.
            trace: Is told the body's length, and whether a pattern failed.
            credentials: Whether the server was given some, so that 401 and 403 mean it refused them.

        Raises:
            ProbeFailedError: It does not pass.
        """
        body = decoded(reply, self._limit, cut=self._cut)
        trace.body_length = len(body.data)
        if reply.status not in self._expected:
            refused = credentials and reply.status in (401, 403)
            hint = ": the credentials were refused" if refused else ""
            raise ProbeFailedError(
                Reason.STATUS,
                f"status {reply.status}, expected {self._expected}{hint}",
                refused=refused,
            )
        if body.problem:
            raise ProbeFailedError(Reason.BODY, body.problem)
        if self._wanted or self._unwanted:
            self._search(text_of(body.data, reply.header(b"content-type")), trace)
        return body.data

    def _search(self, text: str, trace: Trace) -> None:
        try:
            missing = [p.pattern for p in self._wanted if not found(p, text)]
            present = [p.pattern for p in self._unwanted if found(p, text)]
        except PatternTooSlowError as error:
            trace.pattern_failed = True
            raise ProbeFailedError(Reason.BODY, str(error)) from error
        if missing or present:
            trace.pattern_failed = True
            raise ProbeFailedError(
                Reason.BODY,
                f"the body does not match {missing[0]!r}" if missing
                else f"the body matches {present[0]!r}",
            )  # fmt: skip
