"""Text that is cut to a number of bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_sdk.text import cut


@given(st.text(st.characters(codec="utf-8")), st.integers(1, 40))
def test_what_is_cut_fits_and_is_a_beginning(text, most):
    """Whatever the text: no more bytes than allowed, no half character, nothing but its beginning."""
    shown = cut(text, most)
    assert len(shown.encode()) <= most
    assert shown == text or text.startswith(shown.removesuffix("…"))
    assert (shown == text) == (len(text.encode()) <= most)


def test_nothing_is_cut_too_short():
    """As many characters stay as fit before the mark."""
    assert cut("漢" * 400, 1024) == "漢" * 340 + "…"
    assert cut("x" * 1024, 1024) == "x" * 1024
    assert cut("x" * 1025, 1024) == "x" * 1021 + "…"
    assert cut("漢字", 2) == ""


def test_half_a_character_pair_is_refused():
    """What UTF-8 cannot carry is not text, however short."""
    with pytest.raises(UnicodeEncodeError):
        cut("\ud800", 100)
