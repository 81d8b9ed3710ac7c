"""Secrets of this process, and texts without them.

Whoever we speak to may repeat what we said, and so do libraries in their errors. So whoever reads a secret
from a file or a configuration holds it here, and every foreign text passes `scrub` on its way in: the text of
each `OrbitalError` by itself, all others by hand. It finds a secret as it is, with what URLs, JSON, HTML and
Python do to it, and inside of base64, as `Authorization: Basic` has it.

A secret of less than `SHORTEST` characters is not looked for, and one of less than `ANYWHERE` only as a whole
word: all else would be stars.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
import threading
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, quote_plus, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

MASK: Final = "***"
SHORTEST: Final = 4
ANYWHERE: Final = 8
LONGEST: Final = 1000
"""Characters of a secret of which other forms are made; a body of a request may be a megabyte."""
KEY: Final = 65_536
"""Characters of a secret of several lines, such as a private key, whose lines are secrets, too."""
LINE: Final = 16
"""Characters of one line of a secret that is one by itself."""
CORE: Final = 6
"""Characters of base64 that are no coincidence."""
_NAMES: Final = re.compile(
    r"pass|pwd|secret|token|key|auth|cred|sig|session|code|user", re.IGNORECASE
)
_PLACE: Final = re.compile(
    r"[a-z]+://(\[[0-9a-f:]+\]|[a-z0-9-]{1,12}(\.[a-z0-9-]{1,12})*)(:\d+)?(/[a-z_]{0,12})?"
)
"""An address that says where and no more: scheme, host, port, and one plain word. Messages have to name it.
Longer words may be tokens."""
_PAIRS: Final = re.compile(r"(?:^|[&;?\s])([^=&;\s]+)=([^&;\s]+)")


class Form(NamedTuple):
    """One way to write a secret."""

    text: str
    alone: bool
    """Whether it has to be a word by itself."""

    def stands(self, text: str, at: int) -> bool:
        """Whether it is there."""
        if not text.startswith(self.text, at):
            return False
        end = at + len(self.text)
        return not self.alone or not (_in_word(text[at - 1 : at]) or _in_word(text[end : end + 1]))


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


class Secrets:
    """What must not be shown, by whom it belongs to."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        self._forms: Mapping[str, Sequence[Form]] = {}
        self._lock = threading.Lock()

    def hold(self, owner: str, secrets: Iterable[str]) -> None:
        """These are the owner's from now on. Those of before are held once more, for answers on their way."""
        now = frozenset(secrets)
        with self._lock:
            before = self._held.get(owner, (frozenset[str](), frozenset[str]()))
            if now == before[0]:
                return
            self._held[owner] = now, before[0]
            self._forms = _index(
                secret for held in self._held.values() for some in held for secret in some
            )

    def forget(self) -> None:
        """Hold none: for a test, which must not see the secrets of others as stars in its own texts."""
        with self._lock:
            self._held, self._forms = {}, {}

    def scrub(self, text: str) -> str:
        """The text with `***` in place of each secret."""
        forms, pieces, at, shown = self._forms, list[str](), 0, 0
        last = len(text) - SHORTEST if forms else -1
        while at <= last:
            for form in forms.get(text[at : at + SHORTEST], ()):
                if form.stands(text, at):
                    pieces += (text[shown:at], MASK)
                    shown = at = at + len(form.text)
                    break
            else:
                at += 1
        return "".join((*pieces, text[shown:])) if pieces else text


_OWN: Final = Secrets()
hold: Final = _OWN.hold
scrub: Final = _OWN.scrub
forget: Final = _OWN.forget


def in_address(address: str) -> Iterator[str]:
    """What is secret in a URL: its password, and values of its query, but for words and numbers under names
    that sound open.
    """
    with suppress(ValueError):
        parts = urlsplit(address)
        user, _, password = parts.netloc.rpartition("@")[0].partition(":")
        yield from (unquote(one) for one in (password or user,) if one)
        for name, value in _PAIRS.findall(parts.query):
            plain = unquote(value)
            is_word = plain.isdecimal() or (plain.isalpha() and plain.islower())
            if not is_word or _NAMES.search(name):
                yield plain


def _index(secrets: Iterable[str]) -> dict[str, list[Form]]:
    """All forms by their first characters, the longest first."""
    found = {form for secret in secrets for part in _parts(secret.strip()) for form in _forms(part)}
    index: defaultdict[str, list[Form]] = defaultdict(list)
    for form in sorted(found, key=lambda one: len(one.text), reverse=True):
        index[form.text[:SHORTEST]].append(form)
    return dict(index)


def _parts(secret: str) -> Iterator[str]:
    """A secret, and what of it is one by itself: the token of `Bearer TOKEN`, the password in a URL."""
    if _PLACE.fullmatch(secret):
        return
    yield secret
    if "\n" in secret and len(secret) <= KEY:  # texts have it by the line, or with escaped breaks
        yield from (line for line in map(str.strip, secret.splitlines()) if len(line) >= LINE)
    if len(secret) > LONGEST:
        return
    yield unquote(secret)
    if "://" in secret:
        yield from in_address(secret)
        return
    scheme, _, rest = secret.partition(" ")
    if rest and " " not in rest:
        yield rest
        if scheme.lower() == "basic":
            with suppress(binascii.Error, UnicodeDecodeError):
                yield base64.b64decode(rest, validate=True).decode().partition(":")[2]
    if "=" in secret:  # a cookie
        yield from (value for _, value in _PAIRS.findall(secret))


def _forms(secret: str) -> Iterator[Form]:
    """As it is, and as it is written inside of other things."""
    plain = {secret}
    if len(secret) <= LONGEST:
        quoted = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
        plain |= quoted | {re.sub("%..", lambda hexed: hexed[0].lower(), one) for one in quoted}
        plain |= {html.escape(secret), repr(secret)[1:-1], json.dumps(secret)[1:-1]}
        plain.add(json.dumps(secret, ensure_ascii=False)[1:-1])
        for core in _in_base64(secret.encode("utf-8", "surrogateescape")):
            yield Form(core, alone=False)
    for text in plain:
        if len(text) >= SHORTEST:
            yield Form(text, alone=len(text) < ANYWHERE)


def _in_base64(secret: bytes) -> Iterator[str]:
    """What is the same in every base64 text with it inside, wherever that begins: three ways to be cut."""
    for shift in range(3):
        text = base64.b64encode(bytes(shift) + secret).decode()
        core = text[(8 * shift + 5) // 6 : (8 * (shift + len(secret))) // 6]
        if len(core) >= CORE:
            yield core
            yield core.translate(_URL_SAFE)


_URL_SAFE: Final = str.maketrans("+/", "-_")
