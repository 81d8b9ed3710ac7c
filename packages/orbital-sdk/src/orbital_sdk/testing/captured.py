"""What is logged and printed while a part runs, for a look through it."""

from __future__ import annotations

import logging
import sys
from collections import defaultdict
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Generator

Texts = defaultdict[str, list[str]]
"""Pieces of text by where they came."""


@contextmanager
def captured() -> Generator[Texts]:
    """Keeps what is logged at any level, and what Python code prints; both go their usual way, too."""
    texts, root = Texts(list), logging.getLogger()
    out, err = (
        cast("TextIO", _Tee(stream, texts[name]))
        for stream, name in ((sys.stdout, "standard output"), (sys.stderr, "standard error"))
    )
    with redirect_stdout(out), redirect_stderr(err), _lowered(root, _Keep(texts)):
        yield texts


@contextmanager
def _lowered(root: logging.Logger, keep: logging.Handler) -> Generator[None]:
    """Everything is logged, and `keep` gets it; the handlers that were there get what they got before."""
    level, others = root.level, [*root.handlers]
    last = [] if others else [one for one in (logging.lastResort,) if one]  # ended by a handler
    usual = partial(_is_usual, level)
    for other in others:
        other.addFilter(usual)
    for handler in (keep, *last):
        root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        for handler in (keep, *last):
            root.removeHandler(handler)
        for other in others:
            other.removeFilter(usual)


def _is_usual(level: int, record: logging.LogRecord) -> bool:
    """Whether it is logged where this is the level of the root."""
    one = logging.getLogger(record.name)
    while one.parent:
        if one.level:
            return True  # by its own level, or it would not be here
        one = one.parent
    return record.levelno >= level


class _Keep(logging.Handler):
    """Keeps records as text, with their tracebacks."""

    def __init__(self, texts: Texts) -> None:
        super().__init__()
        self._texts = texts

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._texts[f"the log {record.name!r}"].append(self.format(record))
        except Exception:  # noqa: BLE001 (a logging call does not fail because of its handlers)
            self.handleError(record)


class _Tee:
    """A stream that keeps what is written to it."""

    def __init__(self, stream: TextIO, kept: list[str]) -> None:
        self._stream, self._kept = stream, kept

    def write(self, text: str) -> int:
        self._kept.append(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
