"""Renders the templates."""

from __future__ import annotations

import re
import time
from functools import cache
from importlib.metadata import version
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from orbital_console.web.heartbeat import heartbeat
from orbital_console.web.language import LANGUAGES, messages
from orbital_console.web.phases import phases
from orbital_console.web.plot import number
from orbital_sdk.units import format_duration


@cache
def _environment() -> Environment:
    loader = PackageLoader("orbital_console.web")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = environment.filters
    filters |= {
        "moment": moment, "clock": clock, "span": span, "commands": commands, "heartbeat": heartbeat,
        "phases": phases, "number": number, "took": took,
    }  # fmt: skip
    return environment


def render(template: str, language: str, /, **values: Any) -> str:
    """A page as HTML. Every value is escaped.

    Args:
        template: Its file.
        language: Of the messages.
        values: For the template.
    """
    known = {
        "language": language, "languages": LANGUAGES, "t": messages(language),
        "version": version("orbital-console"),
    }  # fmt: skip
    return _environment().get_template(template).render(known | values)


def moment(ms: int) -> Markup:
    """A time in milliseconds UTC."""
    at = time.gmtime(ms / 1000)
    return Markup('<time datetime="{}">{}</time>').format(
        time.strftime("%Y-%m-%dT%H:%M:%SZ", at), time.strftime("%Y-%m-%d %H:%M:%S UTC", at)
    )


def clock(ms: int) -> Markup:
    """The same as a time of the day."""
    at = time.gmtime(ms / 1000)
    return Markup('<time datetime="{}">{}</time>').format(
        time.strftime("%Y-%m-%dT%H:%M:%SZ", at), time.strftime("%H:%M:%S", at)
    )


def span(seconds: float) -> str:
    """A duration in seconds, rounded."""
    return format_duration(int(seconds))


def took(seconds: float) -> str:
    """A short duration in seconds."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f} µs"


def commands(text: str) -> Markup:
    """Text in which what stands between backquotes is a command."""
    return Markup(re.sub("`([^`]*)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 (escaped before)
