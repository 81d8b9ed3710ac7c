"""What `help()` shows."""

import pydoc

import pytest

import orbital_sdk

PUBLIC = [getattr(orbital_sdk, name) for name in orbital_sdk.__all__]


@pytest.mark.parametrize("shown", [orbital_sdk, *[one for one in PUBLIC if callable(one)]], ids=str)
def test_help_is_there_for_every_public_name(shown):
    """Python evaluates the annotations of some classes for it."""
    assert pydoc.render_doc(shown)
