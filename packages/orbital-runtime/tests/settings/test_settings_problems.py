"""All that is wrong with a configuration, told at once: where it stands and what would be right."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orbital_runtime.settings import SettingsError, difference, dump, load
from orbital_runtime_testing.parts import made_up

SET = "set it, or write ${{{}:-default}}"
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
depot:
  token: ${NOPE}
  verify: maybe
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
        "config.yaml:7: sender.mode: must be both, depot or direct",
        "config.yaml:8: sender.batch_sze: unknown key; did you mean batch_size?",
        "config.yaml:9: sender.timeout: '5 parsecs' is not a duration; " + HOW,
        "config.yaml:10: sender.retry_interval: must be at least 10ms",
        "config.yaml:13: sender.direct.typo.writer: no writer is called 'stor'; did you mean store?",
        "config.yaml:14: sender.direct.late.timeout: 'soon' is not a duration; " + HOW,
        "config.yaml:14: sender.direct.late.url: is missing; it is: Address",
        "config.yaml:15: sender.direct.less.url: is missing; it is: Address",
        "config.yaml:17: depot.token: environment variable NOPE is not set; " + SET.format("NOPE"),
        "config.yaml:18: depot.verify: must be true or false",
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
    """A missing file, a folder, and text that is not UTF-8."""
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


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tasks: [{id: '', plugin: gauge}]", "tasks[0].id: must not be empty"),
        ('tasks: [{id: "a\\nb", plugin: gauge}]', "tasks[0].id: must be printable text"),
        (
            "tasks: [{id: depot/1, plugin: gauge, config: {host: h}}]",
            "tasks[0].id: tasks of extension depot are called depot/",
        ),
        (
            "sender: {direct: {depot: {writer: store, url: u}}}",
            "sender.direct.depot: is what the buffer calls",
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
        st.sampled_from(["gauge", "store", "drop", "depot", "5s", "${X}", "${NO}", "h"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_any_configuration_is_loaded_or_refused_in_sentences(desk_in, data):
    """Whatever stands where: no traceback, and each problem has its place and fits on a line."""
    with TemporaryDirectory() as folder:
        desk = desk_in(Path(folder))
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
