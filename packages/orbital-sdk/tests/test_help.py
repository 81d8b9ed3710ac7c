"""What `help()` shows."""

import pydoc

import pytest

import orbital_sdk

CALLABLE = [name for name in orbital_sdk.__all__ if callable(getattr(orbital_sdk, name))]


@pytest.mark.parametrize("name", ["", *CALLABLE])
def test_help_is_there_for_every_public_name(name):
    """Python evaluates the annotations of some classes for it."""
    assert pydoc.render_doc(getattr(orbital_sdk, name) if name else orbital_sdk)
