"""What the contract suites say."""

import pytest

from orbital_sdk.testing import check_plugin

DEVICE = {"host": "ups.example", "password": "open sesame"}


@pytest.fixture
def verdict():
    """What `check_plugin` says of a plugin; empty if nothing."""

    async def verdict(cls, device=DEVICE, **options):
        try:
            await check_plugin(cls, device, **{"entry_point": False, **options})
        except AssertionError as finding:
            return str(finding)
        return ""

    return verdict
