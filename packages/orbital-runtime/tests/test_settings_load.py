"""From a file to a checked configuration, or to all that is wrong with it."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import Loaded, SettingsError, difference, dump, load
from orbital_runtime.testing.parts import made_up

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
SET = "set it, or write ${{{}:-default}}"
SECTIONS = [line for line in SEED.splitlines() if line.endswith(":") and line[0] != " "]


class Desk:
    """A folder with a configuration, and what loading it gives."""

    def __init__(self, folder: Path, registry: Registry) -> None:
        self.file = folder / "config.yaml"
        self._registry = registry

    def load(self, text: str, **environ: str) -> Loaded:
        self.file.write_text(text)
        self.file.chmod(0o600)
        return self.again(**environ)

    def again(self, **environ: str) -> Loaded:
        return load(self.file, environ, registry=self._registry)

    def problems(self, text: str, **environ: str) -> list[str]:
        with pytest.raises(SettingsError) as caught:
            self.load(text, **environ)
        return self.short(caught.value)

    def short(self, error: SettingsError) -> list[str]:
        return [str(p).replace(f"{self.file.parent}/", "") for p in error.problems]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, made_up())


def test_the_original_configuration_is_accepted_to_the_letter(desk):
    """Whoever has a file of the original design keeps it, and each of its numbers arrives."""
    loaded = desk.load(SEED, API_TOKEN="t0ken")
    settings = loaded.settings
    assert settings.sentinel.labels == {"env": "production", "datacenter": "dc1"}
    assert settings.core.api_token.get_secret_value() == "t0ken"
    assert settings.heartbeat.interval == 30
    assert settings.collector.worker_pool_size == 10
    assert settings.collector.max_execution_time == 300
    assert settings.buffer.size == 10_000
    assert settings.sender.retry_interval == 5
    assert set(settings.sender.direct) == {"prometheus", "victoria_metrics", "clickhouse"}
    assert settings.logging.format == "json"
    assert loaded.outputs == ()


def test_nothing_of_the_original_configuration_is_ignored_silently(desk):
    """What this version cannot do yet is named, key by key."""
    keys = [note.key for note in desk.load(SEED, API_TOKEN="x").notes]
    assert keys == [
        "core.url", "heartbeat", "collector.task_fetch_interval", "tasks", "sender.mode",
        "plugins.directory", "plugins.auto_reload",
    ]  # fmt: skip


def test_a_missing_variable_is_told_with_its_line(desk):
    """The seed's file without its token says which variable to set."""
    assert desk.problems(SEED) == [
        "config.yaml:12: core.api_token: environment variable API_TOKEN is not set; "
        + SET.format("API_TOKEN")
    ]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_may_be_left_out(desk, section):
    """B-11: no missing value stops collecting, sending or starting; an empty section counts as left out."""
    settings = desk.load(section).settings
    assert settings.heartbeat.interval == 30
    assert settings.collector.task_fetch_interval == 60
    assert settings.collector.worker_pool_size == 256
    assert settings.sender.timeout == 30
    assert settings.sender.mode == "direct"


HOW = "write it like 30s, 5m, 1h30m or 500ms"
OWN = "give it an id of its own"
BAD = """\
sentinel:
  labels:
    data-center: x
sendr:
  mode: x
sender:
  mode: cor
  batch_sze: 3
  timeout: 5 parsecs
  retry_interval: 0s
  direct:
    good: {writer: store, url: http://x}
    typo: {writer: stor, url: http://x}
    late: {writer: store, timeout: soon}
    less: {writer: store}
core:
  api_token: ${NOPE}
  insecure_skip_verify: maybe
processors:
  - name: drop
  - name: dorp
collector: 5
telemetry: {listen: nowhere}
plugins:
  config:
    gauge: {cuont: 3}
    guage: {count: 3}
tasks:
  - id: a
    plugin: gaug
  - task_id: b
    plugin: gauge
    config: {host: h}
  - id: a
    plugin: gauge
    interval: 0s
    timeout: bad
    config: {host: -x, cont: 4, count: x}
  - 5
  - id: c
    plugin: gauge
    device: {hots: h, login: {user: u, passwort: p}}
    config: {port: 3}
  - id: d
    plugin: gauge
    retry_count: -1
    config: {host: h}
  - id: e
    plugin: gauge
    config: {host: refused.example}
  - id: a
    plugin: gauge
    config: {host: h}
"""


def test_everything_wrong_is_told_at_once(desk):
    """One sentence each, with file, line, key and what would be right, in the file's order."""
    assert desk.problems(BAD) == [
        "config.yaml:3: sentinel.labels.data-center: a label's name is made of letters, digits and _",
        "config.yaml:4: sendr: unknown key; did you mean sender?",
        "config.yaml:7: sender.mode: must be core, direct or hybrid",
        "config.yaml:8: sender.batch_sze: unknown key; did you mean batch_size?",
        "config.yaml:9: sender.timeout: '5 parsecs' is not a duration; " + HOW,
        "config.yaml:10: sender.retry_interval: must be at least 10ms",
        "config.yaml:13: sender.direct.typo.writer: no writer is called 'stor'; did you mean store?",
        "config.yaml:14: sender.direct.late.timeout: 'soon' is not a duration; " + HOW,
        "config.yaml:14: sender.direct.late.url: is missing; it is: Address",
        "config.yaml:15: sender.direct.less.url: is missing; it is: Address",
        "config.yaml:17: core.api_token: environment variable NOPE is not set; "
        + SET.format("NOPE"),
        "config.yaml:18: core.insecure_skip_verify: must be true or false",
        "config.yaml:20: processors[0].names: is missing",
        "config.yaml:21: processors[1].name: no processor is called 'dorp'; did you mean drop?",
        "config.yaml:22: collector: must be a section, that is, `key: value` lines below it",
        "config.yaml:23: telemetry.listen: is written like 127.0.0.1:9464 or [::1]:9464",
        "config.yaml:26: plugins.config.gauge.cuont: unknown key; did you mean count?",
        "config.yaml:27: plugins.config.guage: no plugin is called 'guage'; did you mean gauge?",
        "config.yaml:30: tasks[0].plugin: no plugin is called 'gaug'; did you mean gauge?",
        "config.yaml:31: tasks[1].id: is missing; it is: Unique among the local tasks",
        "config.yaml:31: tasks[1].task_id: unknown key; here it is called id",
        "config.yaml:34: tasks[2].id: another task is called a already, at config.yaml:29; " + OWN,
        "config.yaml:36: tasks[2].interval: must be at least 10ms",
        "config.yaml:37: tasks[2].timeout: 'bad' is not a duration; " + HOW,
        "config.yaml:38: tasks[2].config.cont: unknown key; did you mean count?",
        "config.yaml:38: tasks[2].config.host: is not of the right form; it is: Address or DNS name",
        "config.yaml:38: tasks[2].config.count: must be a whole number",
        "config.yaml:39: tasks[3]: must be a section, that is, `key: value` lines below it",
        "config.yaml:42: tasks[4].device.hots: unknown key; did you mean host?",
        "config.yaml:42: tasks[4].device.host: is missing; it is: Address or DNS name",
        "config.yaml:42: tasks[4].device.login.password: is missing",
        "config.yaml:42: tasks[4].device.login.passwort: unknown key; did you mean password?",
        "config.yaml:43: tasks[4].config.port: unknown key; it belongs under `device`",
        "config.yaml:46: tasks[5].retry_count: must be at least 0",
        "config.yaml:48: tasks[6]: this gauge is known to be broken; choose another",
        "config.yaml:51: tasks[7].id: another task is called a already, at config.yaml:29; " + OWN,
    ]


def test_a_broken_file_is_one_problem(desk):
    """What follows from unreadable YAML is not told as well."""
    (problem,) = desk.problems("sender: [1\ntasks: 5\n")
    assert problem.startswith("config.yaml:")
    assert "not readable as YAML" in problem


@pytest.mark.parametrize("text", ["", "\n", "# all of it\n# is a comment\n", "---\n", "null\n"])
def test_a_file_that_holds_nothing_is_told(desk, text):
    """A disk ran full, an editor was caught half-way: not the wish to end every task, which is `{}`."""
    hint = "`sentinel config init` writes a file to begin with"
    line = text.count("---") + 1  # of the empty document
    told = [f"config.yaml:{line}: holds no settings; {hint}"]
    assert desk.problems(text) == desk.problems(text, SENTINEL_BUFFER__SIZE="7") == told
    assert desk.load("{}", SENTINEL_BUFFER__SIZE="7").settings.buffer.size == 7


def test_files_that_cannot_be_read_are_told(desk, tmp_path):
    """A missing file, a folder, and text that is no UTF-8."""
    with pytest.raises(SettingsError, match="there is no such file; `sentinel config init`"):
        desk.again()
    with pytest.raises(SettingsError, match="is a folder"):
        load(tmp_path, {}, registry=made_up())
    desk.file.write_bytes(b"sentinel:\n  name: \xff\n")
    with pytest.raises(
        SettingsError, match=r"config\.yaml:2: is not UTF-8 text; save the file as UTF-8"
    ):
        desk.again()
    desk.file.write_bytes(b"\xef\xbb\xbfsentinel: {name: x}\n")
    assert desk.again().settings.sentinel.name == "x"
    assert desk.problems("just words") == [
        "config.yaml:1: must be sections, that is, lines like `sender:` with `key: value` lines below"
    ]


def test_a_file_that_only_others_may_read_is_told():
    """No traceback for a missing right. Root may read everything, so a kernel's file stands in."""
    with pytest.raises(SettingsError, match=r"cannot be read|may not be read"):
        load(Path("/proc/self/mem"), {}, registry=made_up())


def test_a_file_without_end_is_refused_by_its_size(tmp_path):
    """A wrong path does not fill the memory."""
    with pytest.raises(SettingsError, match="is larger than 32 MiB"):
        load(Path("/dev/zero"), {}, registry=made_up())


TASK = "- id: {0}\n  plugin: gauge\n  config: {{host: h{0}}}\n"


def test_tasks_may_stand_in_a_folder_of_their_own(desk, tmp_path):
    """`tasks.d` beside the file: a section, a list or a single task each, in order of name."""
    folder = tmp_path / "tasks.d"
    folder.mkdir()
    (folder / "10.yaml").write_text("tasks:\n" + TASK.format("b"))
    (folder / "20.yml").write_text(TASK.format("c") + TASK.format("d"))
    (folder / "30.yaml").write_text("id: e\nplugin: gauge\nconfig: {host: he}\n")
    (folder / "40.yaml").write_text("# nothing yet\n")
    (folder / "50.yaml.off").write_text("[broken")
    (folder / ".60.yaml").write_text("[broken")
    loaded = desk.load("tasks:\n" + TASK.format("a"))
    assert [task.id for task in loaded.tasks] == ["a", "b", "c", "d", "e"]
    assert loaded.watched == (desk.file, folder)
    assert loaded.where["tasks[1].config.host"] == (str(folder / "10.yaml"), 4)


def test_problems_in_the_folder_name_its_files(desk, tmp_path):
    """Each file's own lines; a task that is there already is named with both places."""
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "a.yaml").write_text(TASK.format("a"))
    (folder / "b.yaml").write_text("taks:\n" + TASK.format("b"))
    (folder / "c.yaml").write_text("tasks: 5\n")
    (folder / "d.yaml").write_text("sender: {}\ntasks:\n")
    (folder / "e.yaml").write_text("just words\n")
    assert desk.problems("tasks_dir: more\ntasks:\n" + TASK.format("a")) == [
        "more/b.yaml:1: taks: unknown key in a file of tasks; did you mean tasks?",
        "more/c.yaml:1: tasks: must be a list of tasks, that is, lines that begin with `- `",
        "more/d.yaml:1: sender: unknown key in a file of tasks; known here: tasks",
        "more/e.yaml:1: must be a list of tasks, that is, lines that begin with `- `",
        "more/a.yaml:1: tasks[1].id: another task is called a already, at config.yaml:3; " + OWN,
    ]


def test_a_folder_that_is_named_must_be_there(desk):
    """A typing error in `tasks_dir` does not mean no tasks."""
    (problem,) = desk.problems("tasks_dir: nowhere\n")
    assert problem == "config.yaml:1: tasks_dir: nowhere cannot be read: No such file or directory"


def test_disabled_tasks_and_outputs_are_not_asked_for_their_fields(desk):
    """What is switched off may be half-written, and its plugin may be missing."""
    loaded = desk.load(
        "sender: {direct: {x: {enabled: false, writer: gone, a: b}}}\n"
        "tasks: [{id: t, plugin: gone, enabled: false, config: {q: 1}}]\n"
    )
    assert loaded.tasks == ()
    assert loaded.outputs == ()
    assert loaded.settings.tasks[0].id == "t"


def test_a_search_takes_the_nearest_file(tmp_path, monkeypatch):
    """No -c: the present folder, `config/` in it, the user's folder."""
    work, home = tmp_path / "work", tmp_path / "home"
    environ = {"XDG_CONFIG_HOME": str(home)}
    for folder in (home / "orbital-sentinel", work / "config", work):
        folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(work)
    names = []
    for folder in (home / "orbital-sentinel", Path("config"), Path()):
        (folder / "config.yaml").write_text(f"sentinel: {{name: '{folder.name}'}}")
        names.append(load(None, environ, registry=made_up()).settings.sentinel.name)
    assert names == ["orbital-sentinel", "config", ""]


def test_without_any_file_the_built_in_configuration_is_used(tmp_path, monkeypatch):
    """It is checked like any other: here its plugins are not installed."""
    monkeypatch.chdir(tmp_path)
    environ = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    with pytest.raises(SettingsError) as caught:
        load(None, environ, registry=made_up())
    assert [(p.file, p.key) for p in caught.value.problems] == [
        ("built-in configuration", "sender.direct.file"),
        ("built-in configuration", "tasks[0].plugin"),
        ("built-in configuration", "tasks[1].plugin"),
    ]


def test_ten_thousand_tasks_load(desk):
    """A big site's file is no problem, and each task keeps its line."""
    text = "tasks:\n" + "".join(TASK.format(f"t{i}") for i in range(10_000))
    loaded = desk.load(text)
    assert len(loaded.tasks) == 10_000
    assert loaded.where["tasks[9999].id"][1] == 2 + 3 * 9999


def test_the_clear_text_of_a_secret_must_be_for_the_owner_alone(desk):
    """A literal secret in a file that others may read is refused, with the command that helps."""
    text = (
        "core: {api_token: abcd}\n"
        "sender: {direct: {store: {url: u, password: x}}}\n"
        "tasks:\n- {id: a, plugin: gauge, config: {host: h, login: {user: u, password: p}}}\n"
    )
    desk.file.write_text(text)
    desk.file.chmod(0o640)
    with pytest.raises(SettingsError) as caught:
        desk.again()
    (problem,) = desk.short(caught.value)
    assert problem.startswith(
        "config.yaml:1: core.api_token: is a secret, and others may read this"
    )
    assert f"run `chmod 600 {desk.file}`, or write ${{NAME}}" in str(caught.value)
    desk.file.chmod(0o600)
    assert desk.again().tasks


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("tasks:\n- {id: a, plugin: gauge, config: {host: h, login: {user: u, password: p}}}",
         "tasks[0].config.login.password"),
        ("tasks:\n- {id: a, plugin: gauge, device: {host: h, community: p}}", "tasks[0].device.community"),
        ("tasks:\n- {id: a, plugin: x, enabled: false, config: {password: p}}", "tasks[0].config.password"),
        ("sender: {direct: {store: {url: u, password: p}}}", "sender.direct.store.password"),
        ("sender: {direct: {later: {enabled: false, auth: {token: p}}}}", "sender.direct.later.auth.token"),
        ("plugins: {config: {gauge: {community: p}}}\ntasks:\n- {id: a, plugin: gauge, config: {host: h}}",
         "plugins.config.gauge.community"),
    ],
)  # fmt: skip
def test_secrets_are_found_wherever_they_stand(desk, text, key):
    """In outputs, devices, defaults of plugins; in what is switched off their names give them away."""
    desk.file.write_text(text)
    desk.file.chmod(0o604)
    with pytest.raises(SettingsError) as caught:
        desk.again()
    assert [problem.key for problem in caught.value.problems] == [key]


def test_secrets_from_the_environment_may_be_in_an_open_file(desk):
    """`${NAME}` keeps the file harmless; a literal default does not."""
    text = "core: {api_token: '${T:-}'}\nsender: {direct: {store: {url: u, password: '${P:-x}'}}}\n"
    desk.file.write_text(text)
    desk.file.chmod(0o644)
    assert desk.again(T="t", P="p").settings.core.api_token.get_secret_value() == "t"
    with pytest.raises(SettingsError, match=r"sender\.direct\.store\.password: is a secret"):
        desk.again(T="t")


def test_no_problem_repeats_a_secret(desk):
    """Neither values from the environment nor those of keys that sound secret are in a message."""
    problems = desk.problems(
        "core: {api_token: [hush-hush]}\n"
        "sender: {timeout: '${WAIT}'}\n"
        "tasks:\n- {id: a, plugin: gauge, config: {host: '-hush-hush', community: 5, timeout: '${WAIT}'}}\n",
        WAIT="hush-hush",
    )
    assert len(problems) == 5
    assert not [problem for problem in problems if "hush" in problem]


def test_secrets_are_in_no_repr(desk):
    """Whatever is logged of a configuration, its secrets are not in it."""
    text = (
        "core: {api_token: hush-hush}\n"
        "plugins: {config: {gauge: {community: hush-hush}}}\n"
        "processors: [{name: drop, names: [hush-hush]}]\n"
        "sender: {direct: {store: {url: u, password: hush-hush}}}\n"
        "tasks:\n- {id: a, plugin: gauge, config: {host: h, community: hush-hush}}\n"
    )
    loaded = desk.load(text)
    assert "hush" not in repr(loaded.settings)
    assert "hush" not in repr((loaded.tasks, loaded.outputs))


def test_the_environment_overrides_the_file(desk):
    """`SENTINEL_SECTION__KEY`, whatever the file says; other variables of this prefix are left alone."""
    loaded = desk.load(
        "buffer: {size: 5}\nsender: {direct: {my-store: {writer: store, url: u}}}\n"
        "tasks:\n- {id: a, plugin: gauge, config: {host: h}}\n",
        SENTINEL_BUFFER__SIZE="7",
        SENTINEL_CORE__API_TOKEN="12345",
        SENTINEL_SENDER__DIRECT__MY_STORE__URL="http://other:1",
        SENTINEL_SENDER__TIMEOUT="90s",
        SENTINEL_SENTINEL__LABELS="{rack: 7, row: b}",
        SENTINEL_TASKS__0__CONFIG__HOST="elsewhere",
        SENTINEL_COLLECTOR__SHARD="null",
        SENTINEL_HOME="/nowhere",
    )
    settings = loaded.settings
    assert settings.buffer.size == 7
    assert settings.core.api_token.get_secret_value() == "12345"
    assert loaded.outputs[0].config.url == "http://other:1"
    assert settings.sender.timeout == 90
    assert settings.sentinel.labels == {"rack": "7", "row": "b"}
    assert loaded.tasks[0].device.host == "elsewhere"
    assert settings.collector.shard == ""
    assert loaded.where["buffer.size"] == ("SENTINEL_BUFFER__SIZE", 0)


def test_a_bad_override_names_its_variable(desk):
    """Who set it in a unit file finds it."""
    problems = desk.problems(
        "tasks: []\n",
        SENTINEL_SENDER__BATCH_SZE="7",
        SENTINEL_BUFFER__SIZE="many",
        SENTINEL_TASKS__3__ID="x",
        SENTINEL_TELEMETRY__LISTEN__PORT="x",
        SENTINEL_SENTINEL__LABELS="[a, b",
    )
    assert problems == [
        "SENTINEL_SENTINEL__LABELS:1: not readable as YAML: did not find expected ',' or ']'",
        "SENTINEL_TASKS__3__ID: tasks.3: there is no such item to override",
        "SENTINEL_BUFFER__SIZE: buffer.size: must be a whole number",
        "SENTINEL_SENDER__BATCH_SZE: sender.batch_sze: unknown key; did you mean batch_size?",
        "SENTINEL_TELEMETRY__LISTEN__PORT: telemetry.listen: must be text; put it in quotes",
    ]


def test_an_override_does_not_reach_through_an_alias(desk):
    """Two tasks may share a section in YAML; one of them is overridden alone."""
    loaded = desk.load(
        "tasks:\n- {id: a, plugin: gauge, config: &c {host: h}}\n- {id: b, plugin: gauge, config: *c}\n",
        SENTINEL_TASKS__1__CONFIG__HOST="other",
    )
    assert [task.device.host for task in loaded.tasks] == ["h", "other"]


def test_the_same_file_gives_equal_tasks(desk):
    """A reload leaves such tasks, outputs and processors alone."""
    text = (
        "processors: [{name: drop, names: [x]}]\n"
        "sender: {direct: {store: {url: u, password: p}}}\ntasks:\n" + TASK.format("a")
    )
    first, second = desk.load(text), desk.load("# a comment\n" + text)
    assert first.path == second.path == desk.file
    assert first.tasks == second.tasks
    assert first.outputs == second.outputs
    assert first.processors == second.processors


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tasks: [{id: '', plugin: gauge}]", "tasks[0].id: must not be empty"),
        ('tasks: [{id: "a\\nb", plugin: gauge}]', "tasks[0].id: must be printable text"),
        (
            "tasks: [{id: core/1, plugin: gauge}]",
            "tasks[0].id: tasks of Gravital Core are called core/",
        ),
        (
            "sender: {direct: {core: {writer: store}}}",
            "sender.direct.core: is what the buffer calls",
        ),
        (
            "sender: {direct: {'a b': {writer: store}}}",
            "sender.direct.a b: an output's name is made of letters",
        ),
        ('tasks_dir: "a\\0b"', "tasks_dir: a\\x00b cannot be read: "),
        (
            "sentinel: {labels: {__name__: x}}",
            "sentinel.labels.__name__: is set by the agent itself",
        ),
        ("collector: {shard: 9/8}", "collector.shard: '9/8' is not a shard"),
        ("buffer: {bytes: 5 apples}", "buffer.bytes: '5 apples' is not a size"),
        ("logging: {level: loud}", "logging.level: must be debug, info, warn or error"),
    ],
)
def test_names_and_numbers_that_would_hurt_later_are_refused(desk, text, problem):
    """Ids that could forge a log line or clash with Core's, and values of the wrong kind."""
    first, *_ = desk.problems(text)
    assert first.startswith(f"config.yaml:1: {problem}")


KEYS = st.sampled_from(
    [
        "sentinel",
        "labels",
        "sender",
        "direct",
        "store",
        "url",
        "mode",
        "batch_size",
        "breaker",
        "tasks",
        "id",
        "plugin",
        "config",
        "device",
        "host",
        "login",
        "interval",
        "processors",
        "name",
        "names",
        "plugins",
        "gauge",
        "collector",
        "limits",
        "tasks_dir",
        "telemetry",
        "listen",
        "x",
    ]
)
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-5, 5), st.floats(), st.text(max_size=5),
        st.sampled_from(["gauge", "store", "drop", "core", "5s", "${X}", "${NO}", "h"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_any_configuration_is_loaded_or_refused_in_sentences(data):
    """Whatever stands where: no traceback, and each problem has its place and fits on a line."""
    with TemporaryDirectory() as folder:
        desk = Desk(Path(folder), made_up())
        try:
            loaded = desk.load(yaml.safe_dump(data), X="x")
        except SettingsError as error:
            problems = error.problems
        else:
            problems = ()
            assert difference(loaded, desk.again(X="x")) == []
            dump(loaded)
        for problem in problems:
            assert problem.file == str(desk.file)
            assert problem.line > 0
            assert problem.message
            assert str(problem).isprintable()
