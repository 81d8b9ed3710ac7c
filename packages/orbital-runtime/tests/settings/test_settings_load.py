"""From files and the environment to a checked configuration."""

from pathlib import Path

import pytest

from orbital_runtime.settings import SettingsError, load
from orbital_runtime_testing.parts import made_up

SECTIONS = ["sentinel:", "depot:", "collector:", "buffer:", "sender:", "plugins:", "logging:"]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_may_be_left_out(desk, section):
    """B-11: no missing value stops collecting, sending or starting; an empty section counts as left out."""
    settings = desk.load(section).settings
    assert settings.depot.plugin == "gauge"
    assert settings.collector.task_fetch_interval == 60
    assert settings.collector.worker_pool_size == 256
    assert settings.sender.timeout == 30
    assert settings.sender.mode == "direct"


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
        (
            "more/a.yaml:1: tasks[1].id: another task is called a already, at config.yaml:3; "
            "give it an id of its own"
        ),
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


def test_ten_thousand_tasks_load(desk):
    """A big site's file is not a problem, and each task keeps its line."""
    text = "tasks:\n" + "".join(TASK.format(f"t{i}") for i in range(10_000))
    loaded = desk.load(text)
    assert len(loaded.tasks) == 10_000
    assert loaded.where["tasks[9999].id"][1] == 2 + 3 * 9999


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


def test_a_search_takes_the_nearest_file(tmp_path, monkeypatch):
    """No -c: the present folder, `config/` in it, the user's folder, the system's."""
    work, home, system = tmp_path / "work", tmp_path / "home", tmp_path / "system"
    environ = {"XDG_CONFIG_HOME": str(home), "CONFIGURATION_DIRECTORY": str(system)}
    for folder in (system, home / "orbital-sentinel", work / "config", work):
        folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(work)
    names = []
    for folder in (system, home / "orbital-sentinel", Path("config"), Path()):
        (folder / "config.yaml").write_text(f"sentinel: {{name: '{folder.name}'}}")
        names.append(load(None, environ, registry=made_up()).settings.sentinel.name)
    assert names == ["system", "orbital-sentinel", "config", ""]


def test_without_any_file_the_built_in_configuration_is_used(tmp_path, monkeypatch):
    """It is checked like any other: here its writer is not installed."""
    monkeypatch.chdir(tmp_path)
    names = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "CONFIGURATION_DIRECTORY")
    environ = dict.fromkeys(names, str(tmp_path))
    with pytest.raises(SettingsError) as caught:
        load(None, environ, registry=made_up())
    assert {p.file for p in caught.value.problems} == {"built-in configuration"}
    assert caught.value.problems[0].key == "sender.direct.file"


def test_the_environment_overrides_the_file(desk):
    """`SENTINEL_SECTION__KEY`, whatever the file says; other variables of this prefix are left alone."""
    loaded = desk.load(
        "buffer: {size: 5}\nsender: {direct: {my-store: {writer: store, url: u}}}\n"
        "tasks:\n- {id: a, plugin: gauge, config: {host: h}}\n",
        SENTINEL_BUFFER__SIZE="7",
        SENTINEL_DEPOT__TOKEN="12345",
        SENTINEL_SENDER__DIRECT__MY_STORE__URL="http://other:1",
        SENTINEL_SENDER__TIMEOUT="90s",
        SENTINEL_SENTINEL__LABELS="{rack: 7, row: b}",
        SENTINEL_TASKS__0__CONFIG__HOST="elsewhere",
        SENTINEL_COLLECTOR__SHARD="null",
        SENTINEL_HOME="/nowhere",
    )
    settings = loaded.settings
    assert settings.buffer.size == 7
    assert settings.depot.token.get_secret_value() == "12345"
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


DEPOT = "depot: {url: 'https://depot.example.com'}\n"


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        (DEPOT, "depot"),
        ("depot: {token: t}", "direct"),
        (DEPOT + "sender: {direct: {store: {url: u, enabled: false}}}", "direct"),
        (DEPOT + "sender: {direct: {store: {url: u}}}", "direct"),
        (DEPOT + "sender: {mode: direct}", "direct"),
        ("tasks: []", "direct"),
    ],
    ids=["extension", "not configured", "output off", "output", "said", "nothing"],
)
def test_samples_go_to_an_extension_where_they_have_nowhere_else_to_go(desk, text, mode):
    """One that is configured is enough; whoever names a mode or an output has that."""
    assert desk.load(text).settings.sender.mode == mode
