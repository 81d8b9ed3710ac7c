"""The configuration for people: shown, compared, described, begun with."""

import json
import re
from dataclasses import replace

import pytest
import yaml
from pydantic import PrivateAttr

from orbital_runtime.settings import (
    Loaded,
    Settings,
    builtin,
    difference,
    dump,
    load,
    schema,
    shown,
    template,
)
from orbital_runtime.settings.rendering.dump import masked
from orbital_runtime.settings.secrecy import MASK, is_secret_key, mask_text
from orbital_runtime_testing.parts import made_up
from orbital_sdk import PluginConfig

FULL = """\
depot: {url: 'https://me:hush-hush@depot.example', token: hush-hush}
processors: [{name: drop, names: [x]}]
plugins: {config: {gauge: {community: hush-hush}}}
sender:
  direct:
    store: {url: 'http://u:hush-hush@h/?token=hush-hush&a=b', password: hush-hush}
    later: {enabled: false, writer: gone, api_key: hush-hush, url: x}
tasks:
  - {id: a, plugin: gauge, config: {host: h, login: {user: u, password: hush-hush}}}
  - {id: b, plugin: gone, enabled: false, config: {passphrase: hush-hush}}
"""


@pytest.fixture
def read(tmp_path):
    def read(text: str) -> Loaded:
        file = tmp_path / "config.yaml"
        file.write_text(text)
        file.chmod(0o600)
        return load(file, {}, registry=made_up())

    return read


def test_the_effective_configuration_shows_no_secret(read):
    """By type, by name, inside addresses: `config show` may be pasted into a ticket."""
    text = dump(read(FULL))
    assert "hush" not in text
    data = yaml.safe_load(text)
    assert data["depot"]["token"] == MASK
    assert data["depot"]["url"] == f"https://me:{MASK}@depot.example"
    assert data["sender"]["direct"]["store"]["url"] == f"http://u:{MASK}@h/?token={MASK}&a=b"
    assert data["sender"]["direct"]["later"]["api_key"] == MASK
    assert data["tasks"][0]["device"]["login"] == {"user": "u", "password": MASK}
    assert data["tasks"][1]["config"]["passphrase"] == MASK


def test_the_effective_configuration_has_all_defaults(read):
    """Also those of writers, plugins and tasks, with durations as people write them."""
    data = shown(read(FULL))
    assert data["sender"]["timeout"] == "30s"
    store = data["sender"]["direct"]["store"]
    assert (store["colour"], store["batch_size"], store["retry_interval"]) == ("grey", 6000, "1s")
    assert store["breaker"] == {"failures": 3, "reset": "30s"}
    task = data["tasks"][0]
    assert (task["interval"], task["timeout"], task["device_id"]) == ("1m", "30s", "a")
    assert (task["device"]["port"], task["config"]["count"]) == (4000, 4)


def test_what_is_shown_can_be_read_again(read):
    """Put back the secrets and it is the same configuration."""
    first = read(FULL)
    text = dump(first).replace(MASK, "hush-hush")
    again = read(text)
    assert again.outputs == first.outputs
    assert again.tasks == first.tasks
    assert yaml.safe_load(dump(again)) == yaml.safe_load(dump(first))


@pytest.mark.parametrize(
    "value",
    ["http://h/?k=SECRET", "https://h/p?a=b&c=SECRET", "/path?SECRET", "http://h/?SECRET&a=b"],
)
def test_a_query_is_not_shown(value):
    """Nobody but the server knows which of its values are secret."""
    assert "SECRET" not in str(masked({"url": value}))


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("http://h:9090/p?a=b", "http://h:9090/p?a=b"),
        ("tcp://u:p@h/db", f"tcp://u:{MASK}@h/db"),
        ("tcp://h/db?username=u&password=p&x=1", f"tcp://h/db?username=u&password={MASK}&x=1"),
        ("http://h/?api_key=1;x=2", f"http://h/?api_key={MASK};x=2"),
        ("mail a@b.c: x", "mail a@b.c: x"),
    ],
)
def test_passwords_in_addresses_are_masked(text, safe):
    """Only the password goes; the address stays readable."""
    assert mask_text(text) == safe


@pytest.mark.parametrize(
    ("way", "secret"),
    [
        (("password",), True), (("auth", "apiKey"), True), (("headers", "Authorization"), True),
        (("private_key",), True), (("community",), True), (("password_file",), False),
        (("host",), False), (("secret", 0), True), (("tokens", "a", "b", "c"), False),
    ],
)  # fmt: skip
def test_names_that_sound_secret(way, secret):
    """Where no model says what is secret, the key's name does; a path to a secret is none."""
    assert is_secret_key(way) is secret


def test_a_reload_says_what_changes(read):
    """A line each; tasks and outputs by name, numbers with old and new."""
    old = read(FULL)
    new = read(
        FULL.replace("tasks:", "collector: {worker_pool_size: 5}\ntasks:")
        .replace("config: {host: h,", "interval: 5s, config: {host: other,")
        .replace("{id: b, plugin: gone, enabled: false,", "{id: c, plugin: gauge,")
        .replace("config: {passphrase: hush-hush}", "config: {host: h}")
        .replace("later: {enabled: false, writer: gone, api_key: hush-hush,", "second: {writer: store,")
        .replace("names: [x]", "names: [x, y]")
    )  # fmt: skip
    assert difference(old, new) == [
        "collector.worker_pool_size: 256 -> 5",
        'processors: [{"name": "drop", "names": ["x"]}] -> [{"name": "drop", "names": ["x", "y"]}]',
        "output later: removed",
        "output second: added",
        "task a: interval: 1m -> 5s",
        "task a: timeout: 30s -> 5s",
        "task a: device.host: h -> other",
        "task b: removed",
        "task c: added",
    ]


def test_a_reload_of_the_same_says_nothing(read):
    """Comments and order are no change."""
    assert difference(read(FULL), read("# hello\n" + FULL)) == []


def test_a_changed_file_behind_a_task_is_told(read):
    """A profile that a task names is part of its settings, though no key of the task changed."""

    class Profiled(PluginConfig):
        profile: str = "p.yaml"
        _digest: str = PrivateAttr("1")

    old, new = Profiled(), Profiled()
    new._digest = "2"
    one, two = (
        replace(loaded, tasks=tuple(replace(task, config=config) for task in loaded.tasks))
        for loaded, config in ((read(FULL), old), (read(FULL), new))
    )
    assert difference(one, two) == ["task a: a file that its settings name has changed"]
    assert difference(one, one) == []


def test_a_changed_secret_is_told_and_not_shown(read):
    """Everywhere a secret may stand."""
    old = read(FULL)
    lines = difference(old, read(FULL.replace("hush-hush", "other")))
    assert lines == [
        "plugins.config.gauge.community: changed",
        "depot.url: changed",
        "depot.token: changed",
        "output store: url: changed",
        "output store: password: changed",
        "output later: api_key: changed",
        "task a: device.community: changed",
        "task a: device.login.password: changed",
        "task b: config.passphrase: changed",
    ]


def test_what_is_switched_on_or_off_is_told_in_one_line(read):
    """Like what comes or goes: its defaults are no news."""
    off = FULL.replace("store: {", "store: {enabled: false, ").replace(
        "id: a,", "id: a, enabled: false,"
    )
    on, off = read(FULL), read(off)
    assert difference(on, off) == ["output store: switched off", "task a: switched off"]
    assert difference(off, on) == ["output store: switched on", "task a: switched on"]


def test_a_mode_that_gives_outputs_nothing_switches_them_off(read):
    """One line for each that was on, and none for its defaults."""
    direct, depot = read(FULL), read(FULL.replace("sender:", "sender:\n  mode: depot"))
    assert difference(direct, depot) == [
        "sender.mode: direct -> depot",
        "output store: switched off",
    ]
    assert difference(depot, direct) == [
        "sender.mode: depot -> direct",
        "output store: switched on",
    ]


def test_the_schema_describes_every_key():
    """For editors: every field has a description, and plugins and writers bring theirs."""
    whole = schema(made_up())
    json.dumps(whole)
    for name, definition in [("", whole), *whole["$defs"].items()]:
        if name.endswith("Section"):
            for key, field in definition["properties"].items():
                assert field.get("description"), f"{name}.{key}"
    store = whole["$defs"]["SenderSection"]["properties"]["direct"]["properties"]["store"]
    assert {"url", "password", "batch_size"} <= store["properties"].keys()
    (gauge,) = whole["$defs"]["TaskSection"]["allOf"]
    assert {"host", "count", "login"} <= gauge["then"]["properties"]["config"]["properties"].keys()
    reference = gauge["then"]["properties"]["config"]["properties"]["login"]
    assert "plugin.gauge.device.Login" in json.dumps(reference)
    assert "plugin.gauge.device.Login" in whole["$defs"]


def test_the_template_names_every_section_that_works_and_is_valid():
    """`sentinel config init` gives something that runs, with the real plugins and with these."""
    Settings.model_validate(yaml.safe_load(template()))
    sections = "sentinel sender tasks collector buffer plugins telemetry logging"
    for section in sections.split():
        assert f"\n{section}:" in template().replace("\n# ", "\n")


def test_every_example_in_the_template_is_valid():
    """What stands behind a # works when the # is taken away."""
    body = template().split("\n\n", 1)[1]
    data = yaml.safe_load(re.sub(r"(?m)^( *)# ", r"\1", body))
    settings = Settings.model_validate(data)
    assert set(settings.sender.direct) == {"file", "prometheus", "central"}
    assert [task.plugin for task in settings.tasks] == ["ping", "http"]
    assert settings.logging.max_backups == 7


def test_the_built_in_configuration_is_a_valid_file(tmp_path):
    """It pings this machine, looks at itself, and writes where the user's data live."""
    folder = tmp_path / 'a "b" ${c}'
    text = builtin({"XDG_DATA_HOME": str(folder)}, ("ping", "http"))
    settings = Settings.model_validate(yaml.safe_load(text))
    assert [task.plugin for task in settings.tasks] == ["ping", "http"]
    assert settings.tasks[1].config == {"url": "http://127.0.0.1:9464/healthz"}
    path = settings.sender.direct["file"].options["path"]
    assert path == f"{folder}/orbital-sentinel/samples.jsonl".replace("${", "$${")
    assert settings.buffer.flush_interval == 1


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("127.0.0.1:1234", "http://127.0.0.1:1234/healthz"),
        (":1234", "http://127.0.0.1:1234/healthz"),
        ("[::]:1234", "http://[::1]:1234/healthz"),
        ("localhost:0", None),
        ("nonsense", None),
    ],
)
def test_the_built_in_configuration_watches_where_the_agent_listens(listen, url):
    """Also where the environment moves it; a port that is not known beforehand is not watched."""
    environ = {"XDG_DATA_HOME": "/x", "SENTINEL_TELEMETRY__LISTEN": listen}
    text = builtin(environ, ("ping", "http"))
    tasks = Settings.model_validate(yaml.safe_load(text)).tasks
    assert [task.config["url"] for task in tasks[1:]] == ([url] if url else [])
    assert "own-health" not in builtin({"SENTINEL_TELEMETRY__ENABLED": "False"})


@pytest.mark.parametrize("installed", [(), ("ping",), ("http",), ("ping", "http")])
def test_the_built_in_configuration_takes_what_is_installed(installed):
    """An agent without some of the plugins watches what it can, and starts with none of them, too."""
    tasks = yaml.safe_load(builtin({"XDG_DATA_HOME": "/x"}, installed))["tasks"]
    assert [task["plugin"] for task in tasks] == list(installed)
