"""Logging: what a line looks like, what never stands in one, and what a file keeps."""

from __future__ import annotations

import json
import logging
import os
import stat
import time
import weakref
from pathlib import Path

import pytest
from pydantic import SecretStr

from orbital_runtime.hosting.hosts import Hosts
from orbital_runtime.settings.model.agent import LoggingSection
from orbital_runtime.telemetry.logs import setup
from orbital_runtime.telemetry.logs.file import LogFile
from orbital_runtime.telemetry.logs.queue import LogQueue
from orbital_sdk.secrecy import hold


def section(**given: object) -> LoggingSection:
    return LoggingSection.model_validate({"max_backups": 0, **given})


@pytest.fixture(autouse=True)
def _restored():
    """Each test leaves the process' logging as it found it."""
    root = logging.getLogger()
    level = root.level
    yield
    setup.to_terminal()
    for handler in [h for h in root.handlers if isinstance(h, LogQueue)]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    logging.captureWarnings(False)


class Told:
    """A file that takes the place of stdout."""

    def __init__(self) -> None:
        self.descriptor = os.memfd_create("log")
        weakref.finalize(self, os.close, self.descriptor)

    def getvalue(self) -> str:
        flush()
        return os.pread(self.descriptor, 1_000_000, 0).decode()


def flush() -> None:
    """Let all handlers write what waits."""
    for handler in logging.getLogger().handlers:
        handler.flush()


def lines_of(settings: LoggingSection) -> tuple[logging.Logger, Told]:
    told = Told()
    setup.configure(settings, descriptor=told.descriptor)
    return logging.getLogger("orbital_runtime.sender.delivery.delivery"), told


def test_text_line_has_time_level_room_message_and_fields():
    """A text line tells when, how bad, who, what, and then the record's own fields as key=value."""
    log, stream = lines_of(section())
    log.warning("destination %s", "is away", extra={"output": "prometheus", "reason": "no route"})
    stamp, rest = stream.getvalue().split(" ", 1)
    assert stamp.endswith("Z")
    assert rest == 'WARNING sender: destination is away output=prometheus reason="no route"\n'


def test_text_line_names_the_part_that_speaks():
    """A plugin's logger is under its name, and so is its line."""
    _, stream = lines_of(section())
    Hosts().plugin("acme-bus").log.warning("no answer")
    assert stream.getvalue().endswith("WARNING plugin.acme-bus: no answer\n")


def test_text_line_of_the_buffer_names_the_buffer():
    """Its modules are in a package of their own; users read of one buffer."""
    _, stream = lines_of(section())
    logging.getLogger("orbital_buffer.store.disk.trouble").warning("the disk answers again")
    assert stream.getvalue().endswith("WARNING buffer: the disk answers again\n")


def test_json_line_parses_and_keeps_types():
    """JSON logging gives one object a line whose fields keep their types."""
    log, stream = lines_of(section(format="json"))
    log.info("sent", extra={"output": "file", "samples": 241, "msg_": 1})
    entry = json.loads(stream.getvalue())
    assert entry["msg"] == "sent"
    assert entry["level"] == "info"
    assert entry["samples"] == 241
    assert entry["ts"].endswith("Z")


def test_json_survives_any_value():
    """An extra that JSON does not know is written as its text instead of failing the line."""
    log, stream = lines_of(section(format="json"))
    log.info(
        "odd",
        extra={
            "thing": {
                1,
            },
            "path": Path("/x"),
            "number": float("inf"),
        },
    )
    assert json.loads(stream.getvalue())["path"] == "/x"


@pytest.mark.parametrize("level", ["debug", "info", "warn", "error"])
def test_levels_are_the_seeds(level: str):
    """`logging.level` takes the four names of the configuration and hides what is below."""
    log, stream = lines_of(section(level=level))
    for name in ("debug", "info", "warning", "error"):
        log.log(setup.LEVELS[name], name)
    shown = len(stream.getvalue().splitlines())
    assert shown == {"debug": 4, "info": 3, "warn": 2, "error": 1}[level]


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize(
    "message",
    [
        "POST https://user:hunter2@prom.example/api failed",
        "redis://:hunter2@cache:6379/0",
        "header Authorization: Bearer hunter2hunter2",
        "Basic hunter2hunter2==",
        "got password=hunter2 from somewhere",
        '{"api_token": "hunter2"}',
    ],
)
def test_credentials_are_not_logged(style: str, message: str):
    """What looks like a credential is replaced in messages, in fields and in tracebacks."""
    log, stream = lines_of(section(format=style))
    log.info(message)
    log.info("x", extra={"url": message, "field": SecretStr("hunter2")})
    try:
        int(message)
    except ValueError:
        log.exception("it failed")
    text = stream.getvalue()
    assert "hunter2" not in text
    assert "***" in text


def test_redaction_leaves_ordinary_text_alone():
    """Mail addresses, plain URLs and words that only resemble keys stay readable."""
    for text in (
        "http://a:9090/x?y=1",
        "write to ops@example.org",
        "secret 3 of 4",
        "tasks[0].config.token: ${secret:UPS}: there is no such secret",
        "tokens: many",
    ):
        assert setup.redact(text) == text


def test_a_problem_of_the_configuration_keeps_its_words():
    """A key that sounds secret, and what is wrong with it, are no secret."""
    problem = "config.yaml:3: tasks[0].config.password: unknown key; did you mean user?"
    assert setup.redact(problem) == problem
    assert "hunter2" not in setup.redact("spring.datasource.password=hunter2, password: hunter2")


def test_a_known_secret_is_not_logged():
    """Also where a library repeats it in its own words, in fields and tracebacks, text or JSON."""
    hold("test", ["tr0ub4dor", "1883"])
    for style in ("text", "json"):
        log, stream = lines_of(section(format=style))
        log.info("no user tr0ub4dor", extra={"why": ["tr0ub4dor"], "port": 1883})
        try:
            int("tr0ub4dor")
        except ValueError:
            log.exception("it failed")
        assert "tr0ub4dor" not in stream.getvalue()
        if style == "json":
            assert json.loads(stream.getvalue().splitlines()[0])["port"] == 1883


def test_a_device_cannot_forge_lines_or_colours():
    """Control characters from a device's answer are escaped: one record stays one line."""
    log, stream = lines_of(section())
    log.warning("banner %s", "ok\n12:00:00 INFO fake: all is well\x1b[31m", extra={"raw": "a\r\nb"})
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


def test_tracebacks_stand_below_their_line():
    """A text traceback follows its line, indented, so that lines with a time are records."""
    log, stream = lines_of(section())
    try:
        1 / 0  # noqa: B018 (raises)
    except ZeroDivisionError:
        log.exception("plugin failed")
    first, *rest = stream.getvalue().splitlines()
    assert "plugin failed" in first
    assert "ZeroDivisionError" in rest[-1]
    assert all(line.startswith("  ") for line in rest)


def test_libraries_are_kept_quiet():
    """Debug chatter of asyncio, uvicorn and urllib3 does not drown the agent's own lines."""
    _, stream = lines_of(section())
    for name in ("asyncio", "uvicorn.access", "urllib3.connectionpool"):
        logging.getLogger(name).info("chatter")
    assert stream.getvalue() == ""


def test_both_writes_to_file_and_stdout(tmp_path: Path):
    """`output: both` writes each line twice; the file and its folder belong to the owner alone."""
    path = tmp_path / "deep" / "sentinel.log"
    log, stream = lines_of(section(output="both", file_path=str(path)))
    log.info("hello")
    assert "hello" in stream.getvalue()
    assert "hello" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_configuring_again_replaces(tmp_path: Path):
    """A reload with other logging settings leaves no old handler behind."""
    log, old = lines_of(section())
    setup.configure(section(output="file", file_path=str(tmp_path / "a.log")))
    log.info("only in the file")
    flush()
    assert old.getvalue() == ""
    assert (tmp_path / "a.log").read_text().count("only in the file") == 1


def test_a_full_file_is_rotated_and_old_ones_go(tmp_path: Path):
    """No file passes its size, `max_backups` are kept, and the newest lines are in the plain name."""
    file = LogFile(tmp_path / "s.log", max_bytes=1000, max_backups=3)
    for number in range(100):
        file.write(f"{number:03} {'ü' * 45}\n")  # 95 bytes a line
    file.close()
    backups = file.backups()
    assert len(backups) == 3
    assert all(path.stat().st_size <= 1000 for path in [*backups, tmp_path / "s.log"])
    kept = "".join(path.read_text() for path in [*backups, tmp_path / "s.log"]).splitlines()
    assert [int(line[:3]) for line in kept] == list(range(100 - len(kept), 100))
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in backups)


def test_zero_backups_keeps_all(tmp_path: Path):
    """`max_backups: 0` sets no limit on their count: no line is lost."""
    file = LogFile(tmp_path / "s.log", max_bytes=100)
    for number in range(50):
        file.write(f"{number:03} {'x' * 40}\n")
    file.close()
    text = "".join(path.read_text() for path in [*file.backups(), tmp_path / "s.log"])
    assert [int(line[:3]) for line in text.splitlines()] == list(range(50))


def test_age_removes_old_backups_and_rotates_an_old_file(tmp_path: Path):
    """After `max_age` a line is gone, also where the file never fills."""
    now = time.time()
    old = tmp_path / "s-2020-01-01T00-00-00.000.log"
    old.write_text("ancient")
    os.utime(old, (now - 40 * 86400,) * 2)
    stranger = tmp_path / "s-notes.log"
    stranger.write_text("not ours")
    os.utime(stranger, (now - 40 * 86400,) * 2)
    (tmp_path / "s.log").write_text(f"{setup.utc(now - 31 * 86400)} INFO first line\n")
    file = LogFile(tmp_path / "s.log", max_age=30 * 86400)
    file.write("fresh\n")
    file.close()
    assert not old.exists()
    assert stranger.exists()
    assert (tmp_path / "s.log").read_text() == "fresh\n"
    assert len(file.backups()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_costs_lines_and_nothing_else(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    """A disk without room raises nothing; lines are counted as lost, and writing resumes by itself."""
    path = tmp_path / "s.log"
    path.symlink_to("/dev/full")
    LogQueue.lost = 0
    setup.configure(section(output="file", file_path=str(path)))
    log = logging.getLogger("x")
    log.info("one")
    log.info("two")
    flush()
    assert LogQueue.lost == 2
    assert capfd.readouterr().err.count("could not be written") == 1
    path.unlink()
    log.info("three")
    flush()
    assert path.read_text().count("three\n") == 1


def test_a_closed_pipe_costs_lines_and_nothing_else():
    """A reader of stdout that went away does not disturb the agent."""
    reading, writing = os.pipe()
    os.close(reading)
    LogQueue.lost = 0
    setup.configure(section(), descriptor=writing)
    logging.getLogger("x").info("nobody reads this")
    flush()
    assert LogQueue.lost == 1
    os.close(writing)


def test_a_pipe_that_never_waits_is_waited_for():
    """Where somebody made stdout non-blocking, a full pipe costs no line."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    log, count = logging.getLogger("x"), 1000
    LogQueue.lost = 0
    setup.configure(section(), descriptor=writing)
    for number in range(count):
        log.info("%s %d", "x" * 200, number)
    told = b""
    while told.count(b"\n") < count:
        told += os.read(reading, 65536)
    assert LogQueue.lost == 0
    flush()
    os.close(reading)
    os.close(writing)


def test_an_unusable_log_file_is_an_error_at_start(tmp_path: Path):
    """Where the log cannot go is said at start, not found out later."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        setup.configure(section(output="file", file_path=str(tmp_path / "file" / "s.log")))


def test_a_real_disk_without_room(full_disk: Path):
    """On a disk that is full a line is torn at most; when there is room again, lines are whole again."""
    path = full_disk / "s.log"
    file = LogFile(path)
    lost = 0
    for number in range(200):
        try:
            file.write(f"{number:04} {'x' * 1000}\n")
        except OSError:
            lost += 1
    assert lost > 100
    path.unlink()
    file.write("a whole line\n")
    file.close()
    assert path.read_text().endswith("a whole line\n")
