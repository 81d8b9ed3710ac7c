"""Where plugins run, as a configuration says it."""

import pytest

from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import SettingsError, load
from orbital_runtime_testing.parts import Gauge, Store
from orbital_sdk.loader import Loader


class Host(Loader):
    name = "host"

    def load(self, folder, description):
        return Gauge


HERE = Registry.of(plugins=[Gauge], writers=[Store], loaders=[Host])
WITHOUT = Registry.of(plugins=[Gauge], writers=[Store])


@pytest.fixture
def loaded(tmp_path):
    def read(text, registry=HERE):
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return load(path, {"XDG_DATA_HOME": str(tmp_path)}, registry=registry).settings

    return read


def test_a_plugin_has_settings_of_its_own(loaded):
    """And the collector's where it says nothing."""
    name = Gauge.name
    settings = loaded(f"plugins:\n  {name}: {{isolation: process, processes: 2, memory: 64MiB}}\n")
    own = settings.plugins.of(name)
    assert (own.isolation, own.processes, own.memory) == ("process", 2, 64 << 20)
    assert settings.plugins.of("other").isolation is None
    assert settings.collector.isolation == "auto"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("collector: {isolation: sandbox}", "isolation"),
        ("plugins: {nobody: {isolation: process}}", "no plugin is called 'nobody'"),
        (f"plugins: {{{Gauge.name}: {{isolation: proces}}}}", "isolation"),
        (f"plugins: {{{Gauge.name}: {{memry: 1}}}}", "memry"),
        ("plugins: {auto_relod: false}", "auto_relod"),
    ],
)
def test_what_is_wrong_is_named(loaded, text, wrong):
    """With its key."""
    with pytest.raises(SettingsError, match=wrong):
        loaded(text)


@pytest.mark.parametrize(
    "text",
    ["collector: {isolation: process}", f"plugins: {{{Gauge.name}: {{isolation: process}}}}"],
)
def test_processes_need_their_package(loaded, text):
    """Which is named; without it `auto` means that nothing is moved."""
    with pytest.raises(SettingsError, match="pip install orbital-plugin-host"):
        loaded(text, WITHOUT)
    assert loaded("{}", WITHOUT).collector.isolation == "auto"
