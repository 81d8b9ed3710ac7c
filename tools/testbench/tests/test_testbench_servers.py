"""The bench itself: servers start, pause, come back with their data, and never outlive their test."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import psutil
import pytest
import requests

from orbital_testbench import (
    MissingProgramError,
    Prometheus,
    Server,
    ServerError,
    VictoriaMetrics,
    free_port,
    wait_until,
)
from orbital_testbench.programs import skip_or_fail


def import_lines(victoria: VictoriaMetrics, *lines: str) -> None:
    requests.post(
        f"{victoria.url}/api/v1/import/prometheus", data="\n".join(lines), timeout=10
    ).raise_for_status()


def test_victoria_metrics_shows_what_was_just_written(victoria_metrics, metric_name):
    """A sample is in query, series, export and count at once, with its labels and time."""
    now = int(time.time() * 1000)
    import_lines(victoria_metrics, f'{metric_name}{{a="b"}} 1.5 {now}')
    labels = {"__name__": metric_name, "a": "b"}
    assert [(p.labels, p.value) for p in victoria_metrics.query(metric_name)] == [(labels, 1.5)]
    assert victoria_metrics.series(metric_name) == [labels]
    assert [tuple(s) for s in victoria_metrics.samples(metric_name)] == [(labels, [(now, 1.5)])]
    assert victoria_metrics.count(metric_name) == 1


def test_prometheus_takes_remote_write(start_prometheus, start_vmagent, metric_name):
    """What vmagent forwards to `write_url` is in query, series and samples."""
    prometheus = start_prometheus()
    agent = start_vmagent(prometheus.write_url, flags=["-remoteWrite.flushInterval=100ms"])
    now = int(time.time() * 1000)
    body = f'{metric_name}{{a="b"}} 2.5 {now}'
    requests.post(f"{agent.url}/api/v1/import/prometheus", data=body, timeout=10).raise_for_status()
    wait_until(lambda: prometheus.query(metric_name))
    assert prometheus.series(metric_name) == [{"__name__": metric_name, "a": "b"}]
    assert prometheus.samples(metric_name)[0].samples == [(now, 2.5)]


def test_restart_keeps_port_and_data(start_victoria_metrics, metric_name):
    """A server that is stopped and started is found again at its address, with what it had."""
    server = start_victoria_metrics()
    import_lines(server, f"{metric_name} 1 {int(time.time() * 1000)}")
    server.flush()
    url, pid = server.url, server.pid
    server.restart()
    assert (server.url, server.count(metric_name)) == (url, 1)
    assert server.pid != pid


def test_paused_server_takes_connections_and_never_answers(start_victoria_metrics):
    """`pause` makes a peer that hangs; `resume` brings it back; a paused one can be stopped."""
    server = start_victoria_metrics()
    server.pause()
    with pytest.raises(requests.ReadTimeout):
        requests.get(server.url, timeout=0.3)
    server.resume()
    assert server.healthy()
    server.pause()
    pid = server.pid
    server.stop()
    assert not psutil.pid_exists(pid)
    server.stop()


def test_server_ends_with_a_killed_test_run(tmp_path):
    """Even `kill -9` of the test run leaves no server behind."""
    program = textwrap.dedent("""
        import sys, time, pathlib
        from orbital_testbench import VictoriaMetrics
        print(VictoriaMetrics(pathlib.Path(sys.argv[1])).start().pid, flush=True)
        time.sleep(600)
    """)
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as run:
        try:
            pid = int(run.stdout.readline())
        finally:
            run.kill()
    wait_until(
        lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    )


def test_taken_port_is_replaced_unless_it_was_asked_for(tmp_path, victoria_metrics):
    """A port that a stranger took meanwhile is changed, and one that the test chose is an error."""
    free = VictoriaMetrics(tmp_path / "free")
    free.port = victoria_metrics.port
    with free:
        assert free.port != victoria_metrics.port
    with pytest.raises(ServerError, match="is taken"):
        VictoriaMetrics(tmp_path / "fixed", port=victoria_metrics.port).start()


def test_server_that_cannot_start_says_why(tmp_path):
    """The end of the server's own log is in the error."""
    broken = Prometheus(tmp_path, scrape="nonsense: [\n")
    with pytest.raises(ServerError, match=r"prometheus\.yml"):
        broken.start()


def test_missing_server_skips_here_and_fails_in_ci(tmp_path, monkeypatch):
    """What is not installed is named with its Debian package; CI does not overlook it."""

    class Absent(Server):
        program = "no-such-server"
        package = "no-such-package"

        def arguments(self) -> list[str]:
            return []

    with pytest.raises(MissingProgramError, match="apt-get install no-such-package") as missing:
        Absent(tmp_path).start()
    monkeypatch.setenv("CI", "")
    with pytest.raises(pytest.skip.Exception, match="no-such-package"):
        skip_or_fail(missing.value)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-package"):
        skip_or_fail(missing.value)


def test_blackbox_exporter_probes(blackbox_exporter, victoria_metrics):
    """A probe gives blackbox_exporter's series and their values."""
    probed = blackbox_exporter.probe("http_2xx", victoria_metrics.url + "/health")
    assert probed["probe_success"] == 1
    assert probed["probe_http_status_code"] == 200


def test_free_ports_are_not_those_of_outgoing_connections():
    """No client on this machine is handed the port of a stopped server."""
    assert all(free_port() < 32_768 for _ in range(50))


def test_no_two_processes_are_given_the_same_port():
    """Nor one process twice, even though nothing listens there yet."""
    script = (
        "from orbital_testbench import free_port\n"
        "print(*(free_port() for _ in range(300)), flush=True); input()"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        theirs = other.stdout.readline().split()
        ours = [str(free_port()) for _ in range(300)]
        other.communicate("\n")
    assert len({*theirs, *ours}) == 600


def test_silent_port_never_answers(dead_port):
    """Connecting to it runs into the time limit, not into a refusal."""
    with pytest.raises(requests.ConnectTimeout):
        requests.get(f"http://127.0.0.1:{dead_port}", timeout=0.3)


def test_small_disk_is_full_when_it_is_full(full_disk):
    """Writing more than its size gives ENOSPC."""
    with pytest.raises(OSError, match="No space left"):
        (full_disk / "big").write_bytes(bytes(1 << 20))


def test_kill_ends_a_server_without_goodbye(start_victoria_metrics):
    """`kill` is a power cut: the process is gone when it returns, and `start` works after it."""
    server = start_victoria_metrics()
    pid = server.pid
    server.kill()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIG_DFL)
    with pytest.raises(ServerError, match="not running"):
        _ = server.pid
    server.start()
    assert server.healthy()
