"""Settings of traps that cannot work are refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from orbital_plugin_snmp.traps.settings import TrapConfig

UP = "1.3.6.1.6.3.1.1.5.4"
LABEL = {"label": "ifIndex", "varbind": "1.3.6.1.2.1.2.2.1.1", "type": "gauge"}
LINK = {"metric": "link_up", "trap": UP, "type": "gauge", "value": 1, "labels": [LABEL]}
USER = {"username": "open"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rules": [LINK, {**LINK, "type": "counter"}]}, "two rules make link_up"),
        ({"rules": [{"metric": "x", "trap": "linkDown"}]}, "pattern"),
        ({"rules": [{"metric": "x", "trap": UP, "labels": [LABEL, LABEL]}]}, "appears twice"),
        ({"users": [USER, USER]}, "a username appears twice"),
        ({"users": [{"username": "x", "priv_password": "priv-password"}]}, "needs auth_password"),
        ({"users": [{"username": "x", "auth_password": "short"}]}, "less than 8 characters"),
        ({"engine_id": "the engine"}, "written in hexadecimal"),
        ({"engine_id": "800000"}, "5 to 32 octets"),
    ],
)
def test_mistakes(change, said):
    """What cannot work is refused, and says why."""
    with pytest.raises(ValidationError, match=said):
        TrapConfig.model_validate(change)
