"""What the extension adds to the configuration."""

from __future__ import annotations

import re

import pytest
import yaml
from pydantic import SecretStr

from orbital_gravital import Gravital
from orbital_gravital.addition import CoreAddition
from orbital_gravital.credentials import Credentials, save
from orbital_gravital.sections import CoreSection, HeartbeatSection
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import SettingsError, load, schema, template
from orbital_runtime.settings.model.addition import settings_model

from .conftest import Probe, Recorder

SEED = """\
# config.yaml
sentinel:
  id: ""                           # left empty: made automatically
  name: "sentinel-office-1"
  region: "office-beijing"
  labels:
    env: production
    datacenter: dc1

core:
  url: "https://gravital-core.example.com"
  api_token: "${API_TOKEN}"
  insecure_skip_verify: false

heartbeat:
  interval: 30s
  timeout: 10s
  retry_times: 3

collector:
  worker_pool_size: 10
  task_fetch_interval: 60s
  max_execution_time: 300s

buffer:
  type: "memory"                   # memory, disk
  size: 10000
  flush_interval: 10s
  disk_path: "./data/buffer"

sender:
  mode: "core"                     # core, direct, hybrid
  batch_size: 1000
  timeout: 30s
  retry_times: 3
  retry_interval: 5s

  direct:
    prometheus:
      enabled: false
      url: "http://prometheus:9090/api/v1/write"
    victoria_metrics:
      enabled: false
      url: "http://victoria:8428/api/v1/write"
    clickhouse:
      enabled: false
      dsn: "tcp://clickhouse:9000/metrics"

plugins:
  directory: "./plugins"
  auto_reload: true
  reload_interval: 300s

logging:
  level: info                      # debug, info, warn, error
  format: json                     # text, json
  output: stdout                   # stdout, file, both
  file_path: "./logs/sentinel.log"
  max_size: 100                    # MB
  max_backups: 7
  max_age: 30                      # days
"""


@pytest.fixture
def registry():
    return Registry.of(plugins=[Probe], writers=[Recorder], extensions=[Gravital])


@pytest.fixture
def load_text(tmp_path, registry):
    """Loads a configuration of this text."""

    def read(text: str, **environ: str):
        file = tmp_path / "config.yaml"
        file.write_text(text)
        file.chmod(0o600)
        return load(file, environ, registry=registry)

    return read


@pytest.fixture
def problems(tmp_path, load_text):
    """What is wrong with a configuration of this text."""

    def read(text: str, **environ: str) -> list[str]:
        with pytest.raises(SettingsError) as caught:
            load_text(text, **environ)
        return [str(p).replace(f"{tmp_path}/", "") for p in caught.value.problems]

    return read


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Nobody registered from here."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_the_original_configuration_is_accepted_to_the_letter(load_text):
    """Whoever has a file of the original design keeps it, and each of its numbers arrives."""
    loaded = load_text(SEED, API_TOKEN="t0ken")
    settings = loaded.settings
    core = settings.section(CoreSection)
    assert settings.sentinel.labels == {"env": "production", "datacenter": "dc1"}
    assert core.api_token.get_secret_value() == "t0ken"
    assert settings.section(HeartbeatSection).interval == 30
    assert settings.collector.worker_pool_size == 10
    assert settings.collector.max_execution_time == 300
    assert settings.buffer.size == 10_000
    assert settings.sender.retry_interval == 5
    assert set(settings.sender.direct) == {"prometheus", "victoria_metrics", "clickhouse"}
    assert settings.logging.format == "json"
    assert loaded.outputs == ()


def test_nothing_of_the_original_configuration_is_ignored_silently(load_text):
    """Everything in it has an effect."""
    assert not load_text(SEED, API_TOKEN="x").notes


def test_a_missing_variable_is_told_with_its_line(problems):
    """The original configuration without its token says which variable to set."""
    assert problems(SEED) == [
        (
            "config.yaml:12: core.api_token: environment variable API_TOKEN is not set; "
            "set it, or write ${API_TOKEN:-default}"
        )
    ]


CORE = "core: {url: 'https://core.example.com'}\n"


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        (CORE, "core"),
        ("core: {credentials_path: who.yaml}", "direct"),  # nobody registered yet
        (CORE + "sender: {direct: {recorder: {enabled: false}}}", "direct"),
        (CORE + "sender: {direct: {recorder: {}}}", "direct"),
        (CORE + "sender: {mode: direct}", "direct"),
        ("tasks: []", "direct"),
    ],
    ids=["core", "unknown", "output off", "output", "said", "nothing"],
)
def test_samples_go_to_core_where_they_have_nowhere_else_to_go(load_text, text, mode):
    """A Core in the file is enough; whoever names a mode or an output has that."""
    assert load_text(text).settings.sender.mode == mode


@pytest.mark.parametrize(
    ("text", "key", "word"),
    [
        ("core: {url: 'https://x', insecure_skip_verify: true}", "core.insecure_skip_verify", "anyone"),
        ("heartbeat: {interval: 5s}", "heartbeat", "Core"),
        ("collector: {task_fetch_interval: 5s}", "collector.task_fetch_interval", "Core"),
        ("sender: {mode: core}", "sender.mode", "wait in the buffer"),
        ("sender: {mode: hybrid}", "sender.mode", "there is no Core"),
        ("core: {url: 'https://x'}\nsender: {mode: direct}", "sender.mode", "reports alone"),
        ("core: {url: 'https://x'}\nsender: {mode: direct}", "sender.direct", "sender.mode: core"),
    ],
)  # fmt: skip
def test_what_is_switched_on_in_vain_is_noted(load_text, text, key, word):
    """Each such key, and what happens instead."""
    assert word in {note.key: note.message for note in load_text(text).notes}[key]


def test_tasks_may_come_from_core_alone(load_text):
    """A configuration without local tasks is nothing to wonder about then."""
    assert "tasks" in [note.key for note in load_text("{}").notes]
    assert "tasks" not in [note.key for note in load_text(CORE).notes]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("core: {url: 'http://core.example.com'}", "config.yaml:1: core.url: the token would go over"),
        ("sender: {mode: cor}", "config.yaml:1: sender.mode: must be core, direct or hybrid; did"),
        ("tasks: [{id: core/1, plugin: probe, config: {host: h}}]", "config.yaml:1: tasks[0].id: tasks of"),
        ("sender: {direct: {core: {writer: recorder}}}", "config.yaml:1: sender.direct.core: is what"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(problems, text, problem):
    """As with every other key."""
    (told,) = problems(text)
    assert told.startswith(problem)


def test_a_key_of_an_older_sentinel_keeps_its_meaning(load_text):
    """`credentials_path` stood at the top once."""
    loaded = load_text("credentials_path: who.yaml")
    assert loaded.settings.section(CoreSection).credentials_path == "who.yaml"


def test_the_schema_and_the_template_have_its_keys(registry):
    """For editors, and for who begins with `config init`."""
    whole = schema(registry)
    assert {"core", "heartbeat"} <= whole["properties"].keys()
    assert whole["$defs"]["SenderSection"]["properties"]["mode"]["enum"] == [
        "core",
        "direct",
        "hybrid",
    ]
    text = re.sub(r"(?m)^# ", "", CoreAddition.template)
    assert text in re.sub(r"(?m)^# ", "", template((Gravital.settings,)))
    settings_model((Gravital.settings,)).model_validate(yaml.safe_load(text))


def test_a_registered_sentinel_needs_no_file(home, registry):
    """It works for its Core, as its credentials say."""
    address = "http://core.example.com"
    who = Credentials("sentinel-1", SecretStr("t"), address, allow_insecure_http=True)
    save(home / ".sentinel" / "credentials.yaml", who)
    environ = {"XDG_CONFIG_HOME": str(home), "XDG_DATA_HOME": str(home)}
    settings = load(None, environ, registry=registry).settings
    assert (settings.section(CoreSection).url, settings.sender.mode) == (address, "core")
    preview = Gravital.preview(settings)
    assert preview.role == f"work for Gravital Core at {address}, as sentinel-1"


def test_sections_that_were_not_asked_for_are_the_usual_ones():
    """Also where the settings were made without the extension."""
    settings = settings_model(()).model_validate({})
    assert settings.section(HeartbeatSection) == HeartbeatSection()


def test_processors_of_core(tmp_path):
    """Refused by name, with the place where they belong."""
    file = tmp_path / "config.yaml"
    file.write_text("core: {url: https://core.example.com, processors: [{name: filter}]}\n")
    file.chmod(0o600)
    registry = Registry.of(extensions=[Gravital])
    with pytest.raises(SettingsError, match=r"core.processors: Core has none .* `processors` at"):
        load(file, {}, registry=registry)
