"""What every plugin promises, and that the README says what the code does."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from orbital_plugin_http import Http, HttpConfig, HttpDevice, PrometheusRules, ValueRule
from orbital_plugin_http.failure import Reason
from orbital_sdk import ConfigurationError
from orbital_sdk.testing import FakeHost, check_plugin
from orbital_testbench import Answer

if TYPE_CHECKING:
    from orbital_testbench import HostileServer

README = (Path(__file__).parents[1] / "README.md").read_text()


async def test_the_plugin_keeps_the_contract(hostile_server: HostileServer, dead_port: int) -> None:
    """Models, manifest, life cycle, declared metrics, silence about secrets, cancellation."""
    hostile_server.default = Answer(200, body=b'{"a": 1}')
    await check_plugin(
        Http,
        {"url": hostile_server.url, "username": "ann", "password": "hush-hush"},
        {
            "headers": {"X-Secret": "hush-too"},
            "values": [{"name": "a_ratio", "path": "$.a", "labels": {"x": "y"}}],
        },
        unreachable={"url": f"http://127.0.0.1:{dead_port}/"},
        timeout=1.0,
    )


async def test_a_plugin_that_reads_pages_keeps_the_contract(hostile_server: HostileServer) -> None:
    """What a page was seen to have is declared from then on."""
    hostile_server.default = Answer(200, body=b"a_total 1\n")
    await check_plugin(Http, {"url": hostile_server.url}, {"prometheus": True})


@pytest.mark.parametrize("model", [HttpDevice, HttpConfig, ValueRule, PrometheusRules])
def test_the_readme_has_every_field(model: type[Any]) -> None:
    """Each field stands in a table of the README."""
    missing = [name for name in model.model_fields if f"| `{name}`" not in README]
    assert missing == []


def test_the_readme_s_examples_are_good_settings() -> None:
    """Each example can be copied: its keys are device or plugin fields, and their values are taken."""
    blocks = [
        yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    ]
    maps = [block.get("config") or block["tasks"][0]["config"] for block in blocks]
    assert len(maps) == 4
    for flat in maps:
        device = {key: value for key, value in flat.items() if key in HttpDevice.model_fields}
        HttpDevice.model_validate(device)
        HttpConfig.model_validate({k: v for k, v in flat.items() if k not in device})


def test_the_readme_has_every_metric_and_reason() -> None:
    """Each metric has a row of its own, each reason its line."""
    names = [metric.name for metric in Http.declared_metrics()]
    assert [name for name in names if f"| `{name}`" not in README] == []
    assert [reason for reason in Reason if f"| `{reason}`" not in README] == []


class BlindLoop(asyncio.SelectorEventLoop):
    """Cannot watch sockets, as Windows' proactor loop."""

    def add_reader(self, *_: object) -> None:
        raise NotImplementedError

    def remove_reader(self, *_: object) -> bool:
        raise NotImplementedError


def test_a_loop_that_cannot_watch_sockets_is_refused_at_the_start() -> None:
    """The message says which loop would do."""

    async def start() -> None:
        with pytest.raises(ConfigurationError, match="selector loop"):
            await Http(HttpConfig()).start(FakeHost())

    loop = asyncio.new_event_loop()
    try:
        loop.remove_reader = (
            BlindLoop.remove_reader
        )  # the loop's own pipe needs the real one before
        loop.run_until_complete(start())
    finally:
        del loop.remove_reader
        loop.close()
