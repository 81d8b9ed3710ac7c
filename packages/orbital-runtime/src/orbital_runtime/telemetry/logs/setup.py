"""Sets up logging from the `logging` section: level, format, destination, rotation."""

from __future__ import annotations

import json
import logging
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from orbital_runtime.telemetry.logs.file import LogFile
from orbital_runtime.telemetry.logs.queue import LogQueue
from orbital_runtime.telemetry.logs.stream import STDERR, STDOUT, LogStream
from orbital_sdk.secrecy import scrub

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_runtime.settings.model.agent import LoggingSection

LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
NOISY: Final = {
    "asyncio": logging.WARNING,
    "uvicorn": logging.ERROR,  # it logs malformed requests, which anyone can send, as warnings
    "urllib3": logging.ERROR,  # its retries are reported by this program
    "charset_normalizer": logging.WARNING,
}
_COLOURS: Final = {
    logging.DEBUG: "2", logging.WARNING: "33", logging.ERROR: "1;31", logging.CRITICAL: "1;31",
}  # fmt: skip
"""Level -> its graphic rendition (ECMA-48)."""
_OWN: Final = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message", "asctime", "taskName", "color_message",
}  # fmt: skip
_CONTROL: Final = {n: f"\\x{n:02x}" for n in (*range(32), *range(127, 160))} | {
    9: "\t", 10: "\\n", 13: "\\r", 0x2028: "\\u2028", 0x2029: "\\u2029",
}  # fmt: skip
# A dotted key with a colon is the start of a configuration problem, which contains no value; `${secret:NAME}`
# is the name of one.
_SECRET: Final = re.compile(
    r"""(?P<url>\b[a-z][a-z0-9+.-]*://)[^\s/@'"\\]+@"""
    r"""|(?P<pair>\b(?!(?<=\.)\w+:\s)(?!(?<=\$\{)\w+:)"""
    r"""(?:password|passwd|secret|token|api_?key|api_token|authorization)\\?["'
    ]?\s*[=:]\s*"""
    r"""\\?["']?(?:bearer\s+|basic\s+)?)[^\s"'&,;)}\]\\]+"""
    r"""|(?P<scheme>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}""",
    re.IGNORECASE,
)


def configure(settings: LoggingSection, *, descriptor: int = STDOUT) -> None:
    """Configure logging of this process. Replaces the set-up of an earlier call, and waits briefly for its
    unwritten lines.

    Args:
        settings: The `logging` section.
        descriptor: File descriptor for `stdout`.

    Raises:
        OSError: The log file cannot be opened.
    """
    handlers: list[logging.Handler] = []
    if settings.output in {"file", "both"}:
        handlers.append(_file(settings))
    if settings.output in {"stdout", "both"}:
        handlers.append(_stream(descriptor, settings.format))
    _install(handlers, LEVELS[settings.level])


def to_terminal(level: str = "warning") -> None:
    """Log short lines to stderr, for commands that run in the foreground and end soon."""
    _install([_stream(STDERR, "text")], LEVELS[level])


def redact(text: str) -> str:
    """Remove the secrets of this process from a text, and what looks like a credential: user info in URLs,
    bearer tokens, passwords.
    """
    return _alike(scrub(text))


def _alike(text: str) -> str:
    return _SECRET.sub(
        lambda m: f"{m['url'] or m['scheme'] or m['pair']}***{'@' if m['url'] else ''}", text
    )


class TextFormatter(logging.Formatter):
    """Formats as `12:30:05 WARNING sender: message output=prometheus`, followed by any traceback.

    Args:
        full_time: Date and time in UTC instead of the local time.
        colours: Colours the level, for terminals.
    """

    def __init__(self, *, full_time: bool, colours: bool = False) -> None:
        super().__init__()
        self._full_time = full_time
        self._colours = _COLOURS if colours else {}

    def format(self, record: logging.LogRecord) -> str:
        when = (
            utc(record.created)
            if self._full_time
            else time.strftime("%H:%M:%S", time.localtime(record.created))
        )
        extra = "".join(f" {k}={_quoted(v)}" for k, v in fields(record).items())
        message = one_line(record.getMessage())
        rest = f"{_room(record.name)}: {message}{one_line(extra)}{_traceback(self, record)}"
        level = f"{record.levelname:<7}"
        if colour := self._colours.get(record.levelno):
            level = f"\x1b[{colour}m{level}\x1b[0m"
        return f"{when} {level} {redact(rest)}"


class JsonFormatter(logging.Formatter):
    """Formats as one JSON object per line: ts, level, logger, msg, the record's fields, any traceback."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "ts": utc(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage(),
        }
        for key, value in fields(record).items():
            entry[f"{key}_" if key in entry else key] = value
        if trace := _traceback(self, record):
            entry["traceback"] = trace.strip()
        return _alike(json.dumps(_scrubbed(entry), default=str, ensure_ascii=False))


def _scrubbed(value: object) -> object:
    """Remove the secrets of this process from values; in encoded JSON, names and numbers would match, too."""
    if isinstance(value, dict):
        return {key: _scrubbed(child) for key, child in cast("dict[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_scrubbed(child) for child in cast("list[object]", value)]
    if isinstance(value, int | float | None):
        return value
    return scrub(str(value))


def fields(record: logging.LogRecord) -> Mapping[str, object]:
    """The fields that the caller put into `extra`, such as task, device, output, plugin."""
    return {k: v for k, v in record.__dict__.items() if k not in _OWN and v not in ("", None)}


def one_line(text: str) -> str:
    """Remove control characters, so that a device's answer cannot forge lines or colour the terminal."""
    return text.translate(_CONTROL)


def utc(seconds: float) -> str:
    """RFC 3339 in UTC with milliseconds."""
    ms = round(seconds * 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(ms // 1000))}.{ms % 1000:03}Z"


def _stream(descriptor: int, style: str) -> logging.Handler:
    terminal = os.isatty(descriptor)
    colours = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    formatter = _formatter(style, full_time=not terminal, colours=colours)
    return LogQueue(LogStream(descriptor), formatter)


def _file(settings: LoggingSection) -> logging.Handler:
    file = LogFile(
        Path(settings.file_path),
        max_bytes=round(settings.max_size * 1_000_000),
        max_backups=settings.max_backups,
        max_age=settings.max_age * 86400,
    )
    return LogQueue(file, _formatter(settings.format, full_time=True))


def _formatter(style: str, *, full_time: bool, colours: bool = False) -> logging.Formatter:
    if style == "json":
        return JsonFormatter()
    return TextFormatter(full_time=full_time, colours=colours)


def _install(handlers: list[logging.Handler], level: int) -> None:
    root = logging.getLogger()
    before = [h for h in root.handlers if isinstance(h, LogQueue)]
    for handler in handlers:
        root.addHandler(handler)
    for old in before:
        root.removeHandler(old)
        old.close()
    root.setLevel(level)
    logging.captureWarnings(True)
    for name, least in NOISY.items():
        logging.getLogger(name).setLevel(max(least, level))


def _room(name: str) -> str:
    """`orbital_runtime.sender.sender` -> `sender`, `orbital_buffer.commit` -> `buffer`,
    `orbital.plugin.ping` -> `plugin.ping`; others as is.
    """
    package, _, rest = name.partition(".")
    if package == "orbital_runtime":
        return rest.partition(".")[0]
    return "buffer" if package == "orbital_buffer" else name.removeprefix("orbital.")


def _quoted(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or re.search(r"[\s\"=]", text) else text


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    if record.exc_info and not record.exc_text:
        record.exc_text = formatter.formatException(record.exc_info)
    text = "\n".join(part for part in (record.exc_text, record.stack_info) if part)
    return "".join(f"\n  {one_line(line)}" for line in text.splitlines())
