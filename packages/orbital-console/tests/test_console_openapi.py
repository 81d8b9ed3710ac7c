"""The API answers as its document says, whatever it is asked."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    missing_required_header,
    positive_data_acceptance,
)

from orbital_console.api.document import document
from orbital_console.routes import operations

pytest_plugins = ["schemathesis.pytest.plugin"]
ELSEWHERE = [ignored_auth, missing_required_header, positive_data_acceptance]
"""Access is tested in `test_access.py`; selectors are stricter than a schema can say."""
SCHEMA = schemathesis.openapi.from_dict(document(operations(None)))


@pytest.fixture(scope="module")
def agent(serving, tmp_path_factory):
    """Address and token of an agent that runs on a thread."""
    address: Future[tuple[str, str]] = Future()
    ended = threading.Event()

    async def serve() -> None:
        async with serving(tmp_path_factory.mktemp("agent")) as site:
            address.set_result((site.url, site.token))
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    yield address.result(60)
    ended.set()
    thread.join(60)


@SCHEMA.parametrize()
@settings(
    max_examples=10, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
def test_every_route_does_what_it_declares(case, agent):
    """Declared codes and shapes only, no crash, bad queries refused, good ones answered."""
    url, token = agent
    case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
    case.call_and_validate(base_url=url, excluded_checks=ELSEWHERE)
