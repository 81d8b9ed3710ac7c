"""The tutorial is code: it is run, and it is what the example folder holds."""

import asyncio
import importlib
import inspect
import re
import socket
import sys
from pathlib import Path

import pytest

from orbital_sdk import DeviceUnreachable, Plugin, PluginConfig, ProcessorConfig, manifest
from orbital_sdk.testing import (
    FakeEmit,
    check_plugin,
    check_processor,
    collect_once,
    make_batch,
    process,
)

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "acme-orbital-hello"
BLOCKS = re.findall(
    r"^```(\w*)\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE
)


def blocks(language):
    return [text for kind, text in BLOCKS if kind == language]


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory):
    """Everything that the README's Python defines, as one module."""
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "orbital_tutorial.py").write_text("\n".join(blocks("python")))
    sys.path.insert(0, str(folder))
    yield vars(importlib.import_module("orbital_tutorial"))
    sys.path.remove(str(folder))


@pytest.mark.parametrize("path", ["pyproject.toml", "src/acme_orbital_hello/__init__.py"])
def test_the_ten_line_plugin_is_the_one_in_the_example_folder(path):
    """What readers copy is what the end-to-end tests install."""
    shown = [text for _, text in BLOCKS if text.startswith(f"# {path}\n")]
    assert shown == [f"# {path}\n" + (EXAMPLE / path).read_text()]


def test_the_ten_line_plugin_has_ten_lines():
    """Promise 5 of the design."""
    assert len((EXAMPLE / "src/acme_orbital_hello/__init__.py").read_text().splitlines()) <= 10


async def test_the_ten_line_plugin_works(tutorial):
    """And keeps the contract."""
    assert (await collect_once(tutorial["Hello"], {})).value("hello_answer") == 42
    await check_plugin(tutorial["Hello"], {}, entry_point=False)


TESTS = re.findall(r"^async def (test_\w+)", "\n".join(blocks("python")), re.MULTILINE)


@pytest.mark.parametrize("test", TESTS)
async def test_the_tests_that_the_tutorial_shows_pass(tutorial, test):
    """Plugins against fake devices, a writer against a fake destination, a processor."""
    assert inspect.iscoroutinefunction(tutorial[test])
    await tutorial[test]()


async def test_a_receiver_whose_port_is_taken_says_so(tutorial):
    """In the words of its contract, and not as a bug."""
    thermo = tutorial["Thermo"](PluginConfig())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        device = tutorial["ThermoDevice"](port=taken.getsockname()[1])
        with pytest.raises(DeviceUnreachable, match=r"cannot listen on 127\.0\.0\.1:"):
            await thermo.serve(device, FakeEmit())


async def test_the_metric_that_settings_name_is_listed(tutorial):
    """Beside those of the class."""
    (power,) = tutorial["Registers"](tutorial["UpsConfig"]()).metrics()
    assert power.name == "register_power_watts"


async def test_the_probe_looks(tutorial):
    """Where somebody answers, where nobody does."""

    async def answer(reader, writer):
        writer.write(b"ACME UPS 3000\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        probe = tutorial["UpsProbe"]([f"port={port}"], timeout=5.0, retries=0)
        found = await probe.look("127.0.0.1")
        assert (found.about, found.fields) == ("ACME UPS 3000", {"host": "127.0.0.1", "port": port})
    assert await probe.look("127.0.0.1") is None
    await probe.close()


async def test_the_least_processor_is_short_and_works(tutorial):
    """Ten lines at most, the imports of the page left out, and it keeps the contract."""
    quiet = tutorial["Quiet"]
    text = next(text for text in blocks("python") if "class Quiet" in text)
    assert len(text[text.index("class ") :].splitlines()) <= 10
    await check_processor(lambda: quiet(ProcessorConfig()), entry_point=False)
    (left,) = process(quiet(ProcessorConfig()), make_batch({"up": 1, "debug_cache": 2}))
    assert [(row.name, value) for row, _, value in left.items()] == [("up", 1)]


async def test_a_processor_that_gathers_gives_it_when_it_is_due(tutorial):
    """Once a minute, and what is left at the end."""
    loudest = tutorial["Loudest"]
    await check_processor(lambda: loudest(ProcessorConfig()), entry_point=False)
    one = loudest(ProcessorConfig())
    shown = []
    for ts, value in ((0, 3), (10, 7), (20, 5)):
        assert len(process(one, make_batch({"load": value}, ts=ts))[0]) == 0
        shown += [list(batch.values) for batch in one.flush(ts, last=ts == 20)]
    assert shown == [[3], [7]]


def test_every_class_of_the_tutorial_has_a_manifest(tutorial):
    """Plugins, writer and processor."""
    classes = [
        cls for cls in tutorial.values() if getattr(cls, "__module__", "") == "orbital_tutorial"
    ]
    parts = [cls for cls in classes if hasattr(cls, "config_model")]
    assert {cls.name for cls in parts} == {
        "hello",
        "ups",
        "meters",
        "registers",
        "tariff",
        "thermo",
        "graphite",
        "quiet",
        "rate",
        "loudest",
    }
    assert all(("metrics" in manifest(cls)) == issubclass(cls, Plugin) for cls in parts)
