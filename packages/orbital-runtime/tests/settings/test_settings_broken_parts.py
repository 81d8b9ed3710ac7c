"""A plugin or writer that is installed and does not work costs only the tasks or the output that need it."""

import asyncio
from importlib.metadata import EntryPoint

import pytest

from orbital_runtime.plugins.instances import Instances, PluginDown
from orbital_runtime.plugins.offers import GROUPS, Offer
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import SettingsError, difference, dump, load
from orbital_runtime_testing.parts import made_up
from orbital_sdk import ConfigurationError
from orbital_sdk.testing import FakeHost

TEXT = """\
plugins: {config: {gone: {speed: 9600}}}
sender:
  direct:
    lost: {writer: gone, url: u, token: hush-hush}
    store: {url: u}
tasks:
- {id: a, plugin: gone, config: {host: h, community: hush-hush}}
- {id: b, plugin: gone}
- {id: c, plugin: gauge, config: {host: h}}
"""
WHY = "of acme 1.0: its import failed: ModuleNotFoundError: No module named 'never_there'"


@pytest.fixture
def registry() -> Registry:
    """One part of each kind called `gone`, whose module has disappeared, beside good ones."""
    registry = made_up()
    for kind, group in GROUPS.items():
        point = EntryPoint("gone", "never_there:Part", group)
        registry._offers[kind, "gone"] = Offer(kind, "gone", "acme", "1.0", point)
    return registry


@pytest.fixture
def read(tmp_path, registry):
    file = tmp_path / "config.yaml"

    def read(text: str = TEXT, mode: int = 0o600):
        file.write_text(text)
        file.chmod(mode)
        return load(file, {}, registry=registry)

    return read


def test_all_else_is_loaded_and_the_reason_is_noted(read):
    """An upgrade that broke one package does not end what the others do."""
    loaded = read()
    assert [task.id for task in loaded.tasks] == ["a", "b", "c"]
    assert [output.name for output in loaded.outputs] == ["lost", "store"]
    repaired = "until that is repaired and the agent started again"
    assert [str(note) for note in loaded.notes] == [
        f"gone: extension 'gone' {WHY}; nothing of it runs {repaired}",
        f"tasks: plugin 'gone' {WHY}; its 2 tasks fail {repaired}",
        f"sender.direct.lost: writer 'gone' {WHY}; its samples are kept {repaired}",
    ]


async def test_runs_of_such_a_task_say_why(read, registry, caplog):
    """The reason stands in the log once, and in every run."""
    instances = Instances(registry)
    tasks = read().tasks
    await asyncio.gather(*(instances.acquire(task) for task in tasks))
    with pytest.raises(PluginDown, match=f"^plugin 'gone' {WHY}$"):
        instances.get(tasks[0])
    assert instances.get(tasks[2]).name == "gauge"
    assert [record.getMessage() for record in caplog.records] == [
        f"plugin 'gone' {WHY}; its tasks fail until the agent is started again"
    ]
    await instances.stop_all()


async def test_such_an_output_does_not_start_and_says_why(read):
    """The sender then pauses it and keeps its samples."""
    lost, store = read().outputs
    with pytest.raises(ConfigurationError, match=f"^writer 'gone' {WHY}$"):
        await lost.writer(lost.config).start(FakeHost())
    assert (lost.broken, store.broken) == (f"writer 'gone' {WHY}", "")


def test_a_reload_leaves_it_alone(read):
    """What did not change is not replaced."""
    first, second = read(), read("# a comment\n" + TEXT)
    assert first.outputs == second.outputs
    assert first.tasks == second.tasks
    assert difference(first, second) == []


def test_its_secrets_are_hidden_and_guarded_all_the_same(read):
    """Where no model says what is secret, names do."""
    loaded = read()
    shown = dump(loaded)
    assert "hush" not in shown + repr(loaded)
    assert "host: h" in shown
    with pytest.raises(SettingsError) as caught:
        read(mode=0o644)
    (problem,) = caught.value.problems
    assert problem.key == "sender.direct.lost.token"
    with pytest.raises(SettingsError) as caught:
        read(TEXT.replace("token: hush-hush", "password: ''"), mode=0o644)
    assert [problem.key for problem in caught.value.problems] == ["tasks[0].config.community"]


def test_a_broken_processor_is_refused(read):
    """What it was to keep back must not go out."""
    with pytest.raises(SettingsError, match=f"processors\\[0\\].name: processor 'gone' {WHY}"):
        read(TEXT + "processors: [{name: gone}]\n")
