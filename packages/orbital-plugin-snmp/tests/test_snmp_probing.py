"""What somebody wrote behind `--snmp` becomes the fields of a device."""

from __future__ import annotations

import pytest

from orbital_plugin_snmp.probing.fields import device_of, fields
from orbital_sdk import ConfigurationError


def test_fields():
    """Commas and dollars can be said, and a mistake shows no secret."""
    assert fields(r"community=a\,b,port=161") == {"community": "a,b", "port": "161"}
    device = device_of({"community": "$${x}"}, "h")
    assert device.community is not None
    assert device.community.get_secret_value() == "${x}"
    with pytest.raises(ConfigurationError) as caught:
        fields("community=hidden,community=hidden")
    assert "hidden" not in str(caught.value)
