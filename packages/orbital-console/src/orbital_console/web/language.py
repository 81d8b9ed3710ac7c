"""The languages of the pages: one file of messages for each."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES: Final = MappingProxyType({"en": "English", "zh": "中文"})
"""Tag -> its own name. The first one is the default."""


@cache
def messages(language: str) -> Mapping[str, str]:
    """Key -> text."""
    text = files("orbital_console.web").joinpath("messages", f"{language}.toml").read_text("utf-8")
    return tomllib.loads(text)


def preferred(accept: str) -> str:
    """The first language of an `Accept-Language` header that there is; weights are not compared.

    Browsers send them in order (RFC 9110, 12.5.4).
    """
    for part in accept.split(","):
        tag = part.split(";")[0].strip().lower()
        language = tag.split("-")[0]
        if language in LANGUAGES:
            return language
    return next(iter(LANGUAGES))
