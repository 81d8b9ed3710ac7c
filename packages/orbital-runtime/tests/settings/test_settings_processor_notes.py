"""Notes about processors: metrics that two of them make, and fields that no device has."""

from __future__ import annotations

import pytest
import yaml

from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import SettingsError, load
from orbital_sdk import DeviceFields, Host, Plugin, PluginConfig, Processor, ProcessorConfig
from orbital_sdk.testing import RecordingWriter


class Device(DeviceFields):
    host: Host = "a.example"
    slot: int = 1


class Box(Plugin[Device, PluginConfig]):
    name = "box"

    async def collect(self, device, ctx):
        return []


class MakesConfig(ProcessorConfig):
    names: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


class Makes(Processor[MakesConfig]):
    """Makes what it is told to."""

    name = "makes"
    stateless = True

    @classmethod
    def makes(cls, config):
        if "boom" in config.names:
            raise RuntimeError("boom")
        return config.names

    @classmethod
    def device_fields(cls, config):
        return config.fields

    def plan(self, layout):
        return layout.rows


@pytest.fixture
def read(tmp_path):
    """Loads a configuration with two tasks and these processors: of all, of the task, of the output."""
    registry = Registry.of(plugins=[Box], writers=[RecordingWriter], processors=[Makes])

    def load_with(shared=(), own=(), behind=()):
        task = {"id": "a", "plugin": "box", "processors": _named(own)}
        out = {"writer": "recording", "processors": _named(behind)}
        sections = {
            "processors": _named(shared),
            "tasks": [task, {"id": "b", "plugin": "box"}],
            "sender": {"direct": {"out": out}},
        }
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(sections))
        return load(tmp_path / "config.yaml", {}, registry=registry)

    return load_with


def _named(sections):
    return [{"name": "makes", **one} for one in sections]


def _keys(loaded):
    return [note.key for note in loaded.notes]


@pytest.mark.parametrize(
    ("one", "other"), [("x", "x"), ("x_*", "x_y"), ("x_y", "x_*"), ("*:rate", "m:rate")]
)
def test_two_that_make_one_metric(read, one, other):
    """Named with both places, whatever of them is a pattern."""
    (note,) = read([{"names": [one]}, {"names": ["other", other]}]).notes
    assert note.key == "processors[1]"
    assert f"makes the metric {other} as processors[0] does" in note.message


def test_one_that_makes_a_metric_twice(read):
    """Two metrics that become one."""
    (note,) = read([{"names": ["x", "x"]}]).notes
    assert note.message.startswith("makes the metric x twice: of samples with the same labels")


@pytest.mark.parametrize(("one", "other"), [("x", "y"), ("x_*", "y_*"), ("*", "x"), ("x", "*")])
def test_those_that_differ(read, one, other):
    """No note, nor where the settings do not tell."""
    assert read([{"names": [one]}, {"names": [other]}]).notes == ()


def test_who_sees_the_same_samples(read):
    """A task's or output's processors and those of all; not those of two places beside each other."""
    x = {"names": ["x"]}
    assert _keys(read(shared=[x], own=[x])) == ["tasks[0].processors[0]"]
    assert _keys(read(shared=[x], behind=[x])) == ["sender.direct.out.processors[0]"]
    assert _keys(read(own=[x], behind=[x])) == []


def test_a_processor_that_fails_over_its_settings(read):
    """It is no reason to refuse the configuration."""
    assert read([{"names": ["boom"]}, {"names": ["x"]}]).notes == ()


def test_fields(read):
    """One that no device of its tasks has is named, with the nearest; the others are fine."""
    assert read([{"fields": ["host"]}], own=[{"fields": ["slot"]}]).notes == ()
    (note,) = read(own=[{"fields": ["host", "solt"]}]).notes
    assert (
        str(note)
        == "tasks[0].processors[0]: no device of a task has the field 'solt'; did you mean slot?"
    )


def test_fields_at_an_output(read):
    """They are not known there any more, so that is refused."""
    with pytest.raises(
        SettingsError, match=r"needs a field of the device \(slot\).*under `processors`"
    ):
        read(behind=[{"fields": ["slot"]}])
