"""Programs as they are: good ones, and those that fail, hang, fork and flood."""

import os
import shutil
import signal
import sys

import pytest

from orbital_plugin_exec import Exec
from orbital_sdk import (
    ConfigurationError,
    DeviceUnreachable,
    PartialCollect,
    UnexpectedReply,
)
from orbital_sdk.testing import check_plugin
from orbital_testbench import eventually
from orbital_testbench.processes import is_running

SH = ("sh", "-c")


async def test_contract(programs):
    """What every plugin promises the agent."""
    device = {"command": [str(programs / "disk.sh")], "environment": {"KEY": "a-secret-of-mine"}}
    await check_plugin(Exec, device)


async def test_a_shell_script_with_influx_lines(run, programs, told):
    """Tags, integers, floats, booleans; texts are counted."""
    done = await run(str(programs / "disk.sh"))
    assert done.error is None
    assert told(done.samples) == {
        ("disk_free", ("host", "db 1"), ("path", "/"), 12, None),
        ("disk_used", ("host", "db 1"), ("path", "/"), 3.5, None),
        ("disk_ok", ("host", "db 1"), ("path", "/"), 1, None),
        ("disk_free", ("host", "db 1"), ("path", "/srv"), 7, 1700000000000),
        ("disk_used", ("host", "db 1"), ("path", "/srv"), 1000, 1700000000000),
        ("disk_ok", ("host", "db 1"), ("path", "/srv"), 0, 1700000000000),
        ("users", 3, None),
        ("exec_output_refused", ("reason", "text"), 2, None),
    }


async def test_a_python_script_with_prometheus_text(run, programs):
    """Kinds and times are those of the page."""
    done = await run(sys.executable, str(programs / "queue.py"), format="prometheus")
    assert done.error is None
    assert done.value("queue_jobs", queue='a "quoted" one') == 0
    assert done.value("queue_seconds_bucket", le="+Inf") == 3
    kinds = {s.series.metric.name: s.series.metric.kind for s in done.samples}
    assert kinds["queue_jobs"] == "gauge"
    assert {kinds["queue_done_total"], kinds["queue_seconds_sum"]} == {"counter"}


async def test_json_lines(run, programs, told):
    """Values, fields, units, times."""
    done = await run(sys.executable, str(programs / "sensors.py"), format="json")
    assert told(done.samples) == {
        ("temperature", ("room", "north"), 21.5, None),
        ("pulses", 12, 1700000000000),
        ("door_open", ("id", "7"), 0, 1700000000000),
        ("exec_output_refused", ("reason", "text"), 1, None),
    }


async def test_a_nagios_plugin(run, programs, told):
    """Its exit status is a result, and no error."""
    done = await run(str(programs / "load.sh"), format="nagios")
    assert done.error is None
    assert told(done.samples) == {
        ("nagios_state", 1, None),
        ("nagios_value", ("perfdata", "load1"), ("unit", ""), 6.1, None),
        ("nagios_warning", ("perfdata", "load1"), ("unit", ""), 5, None),
        ("nagios_critical", ("perfdata", "load1"), ("unit", ""), 10, None),
        ("nagios_min", ("perfdata", "load1"), ("unit", ""), 0, None),
        ("nagios_value", ("perfdata", "load 5"), ("unit", "s"), 0.5, None),
        ("nagios_critical", ("perfdata", "load 5"), ("unit", "s"), 10, None),
        ("nagios_value", ("perfdata", "procs"), ("unit", ""), 12, None),
    }


async def test_exit_status_after_good_lines(run):
    """They are kept; the error has the status and the last line of standard error."""
    done = await run(*SH, "echo m v=1; echo first >&2; echo no disk >&2; exit 3")
    assert isinstance(done.error, PartialCollect)
    assert "exited with status 3: no disk" in str(done.error)
    assert done.value("m_v") == 1


async def test_exit_status_without_lines(run):
    """It failed."""
    done = await run(*SH, "exit 1")
    assert isinstance(done.error, UnexpectedReply)


async def test_a_signal(run):
    """It is named."""
    done = await run(*SH, "echo m v=1; kill -SEGV $$")
    assert isinstance(done.error, PartialCollect)
    assert "SIGSEGV" in str(done.error)


async def test_garbage_between_good_lines(run):
    """Counted, and the first is shown."""
    done = await run(*SH, "echo hello world; echo m v=1; echo; echo m,x v=2; echo 'm w=2'")
    assert isinstance(done.error, PartialCollect)
    assert "2 lines" in str(done.error)
    assert "'hello world'" in str(done.error)
    assert done.value("m_w") == 2
    assert done.value("exec_output_refused", reason="malformed") == 2


async def test_a_program_that_never_ends(run, tmp_path):
    """It is killed with what it started, in time; complete lines are kept."""
    pids = tmp_path / "pids"
    script = f"sleep 1000 & echo $! $$ > {pids}; printf 'm v=1\\nm w='; wait"
    done = await run(*SH, script, timeout=0.5)
    assert isinstance(done.error, PartialCollect)
    assert "did not end within" in str(done.error)
    assert done.names == ("m_v",)
    for pid in pids.read_text().split():
        await eventually(lambda pid=pid: not is_running(int(pid)))


async def test_nothing_in_time(run):
    """No line, no answer: rarer attempts may help."""
    done = await run("sleep", "1000", timeout=0.3)
    assert isinstance(done.error, DeviceUnreachable)


async def test_a_child_that_stays(run, tmp_path):
    """A program that leaves processes behind is over when it ends, and they are killed."""
    pids = tmp_path / "pids"
    done = await run(*SH, f"sleep 1000 & echo $! > {pids}; echo m v=1")
    assert done.error is None
    assert done.value("m_v") == 1
    await eventually(lambda: not is_running(int(pids.read_text())))


@pytest.mark.skipif(shutil.which("setsid") is None, reason="needs setsid")
async def test_a_child_that_left_the_group(run, tmp_path):
    """It holds the output open and cannot hold the run."""
    pids = tmp_path / "pids"
    done = await run(*SH, f"setsid sleep 1000 & echo $! > {pids}; echo m v=1; sleep 0.1")
    os.kill(int(pids.read_text()), signal.SIGKILL)
    assert done.error is None
    assert done.value("m_v") == 1


async def test_a_gigabyte(run):
    """It is killed at the limit, and what came until then is kept."""
    done = await run(*SH, "yes 'm v=1' | head -c 1000000000", max_output="100KiB")
    assert isinstance(done.error, PartialCollect)
    assert "printed more than 100KiB" in str(done.error)
    assert len(done.samples) == 100 * 1024 // len("m v=1\n")


async def test_a_line_without_end(run):
    """It is left out and counted."""
    done = await run(*SH, "head -c 5000 /dev/zero | tr '\\0' x; echo; echo m v=1", max_line=1024)
    assert done.value("exec_output_refused", reason="too_long") == 1
    assert done.value("m_v") == 1


async def test_secrets_and_environment(run):
    """A program gets its variables, and of the agent's own only harmless ones."""
    os.environ["ORBITAL_TEST_TOKEN"] = "of-the-agent"
    try:
        done = await run(
            *SH,
            'echo "m,own=${ORBITAL_TEST_TOKEN:-none},given=$GIVEN,path=${PATH:+yes} v=1"',
            environment={"GIVEN": "x", "NUMBER": 5},
        )
    finally:
        del os.environ["ORBITAL_TEST_TOKEN"]
    assert done.value("m_v", own="none", given="x", path="yes") == 1


async def test_a_line_is_split_without_a_shell(run):
    """Quotes count; nothing is expanded."""
    fields = Exec.device_model.model_validate({"command": "echo 'm v=1' '$HOME'"})
    assert fields.command == ("echo", "m v=1", "$HOME")
    with pytest.raises(ValueError, match="command"):
        Exec.device_model.model_validate({"command": ""})
    with pytest.raises(ValueError, match="command"):
        Exec.device_model.model_validate({"command": "echo 'open"})


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["no-such-program"], "no program no-such-program in PATH"),
        (["/no/such/program"], "no program /no/such/program"),
        (["/etc/passwd"], "Permission denied"),
    ],
)
async def test_what_cannot_be_started(run, command, words):
    """It is the settings that are wrong."""
    done = await run(*command)
    assert isinstance(done.error, ConfigurationError)
    assert words in str(done.error)


async def test_a_relative_path_starts_in_the_folder(run, programs):
    """As does the program."""
    done = await run("./disk.sh", folder=str(programs))
    assert done.value("users") == 3


async def test_memory_is_limited(run):
    """A program that wants a gigabyte does not get it; one that wants little does."""
    script = "import sys; print('taken n=%d' % len(bytearray(int(sys.argv[1]))))"
    for wanted, error in [(1 << 20, type(None)), (1 << 30, UnexpectedReply)]:
        done = await run(sys.executable, "-c", script, str(wanted), memory="128MiB")
        assert type(done.error) is error
