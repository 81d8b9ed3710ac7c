"""What the server declares is what it does: generated requests, good and bad, against its own OpenAPI."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from orbital_devcore.app import create_app
from orbital_devcore.core import Core

pytest_plugins = ["schemathesis.pytest.plugin"]
CORE = Core()
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", create_app(CORE))


@pytest.fixture
def credentials():
    """Of one sentinel: made again where a generated request deleted it."""
    from orbital_devcore.sentinels import register
    from orbital_devcore.wire import Registration

    found = register(CORE, Registration(name="a", hostname="h", version="1", os="l", arch="x"))
    return {"X-Sentinel-ID": found["sentinel_id"], "X-API-Token": found["api_token"]}


@SCHEMA.exclude(path_regex="/dev/(faults|switches)").parametrize()
@settings(
    max_examples=20, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
def test_every_route_does_what_it_declares(case, credentials):
    """Declared codes and shapes only, no crash, bad bodies refused, good ones taken."""
    case.headers = {**(case.headers or {}), **credentials}
    case.call_and_validate()
