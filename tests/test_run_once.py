"""`sentinel run --once`: for cron and for a first look; progress for people, exit codes for scripts."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from orbital_testbench import Answer, wait_until

HOSTS = [f"127.0.0.{n}" for n in range(1, 9)]


def configure(sentinel, **direct: object) -> None:
    sentinel.configure(
        sender={"direct": direct},
        tasks=[
            {"id": host, "plugin": "ping", "config": {"host": host, "count": 1}} for host in HOSTS
        ],
    )


def on_a_terminal(sentinel, *arguments: str, shown: bytearray | None = None) -> tuple[int, str]:
    """Exit code, and what a person saw; `shown` has it while it appears."""
    ours, theirs = pty.openpty()
    shown = bytearray() if shown is None else shown

    def read() -> None:
        try:
            while part := os.read(ours, 65536):
                shown.extend(part)
        except OSError:  # the other end is closed: EIO
            pass

    reader = Thread(target=read)
    reader.start()
    done = subprocess.run(
        [sys.executable, "-m", "orbital_sentinel", *arguments],
        cwd=sentinel.folder, env=sentinel.environ | {"TERM": "xterm", "COLUMNS": "120"},
        stdin=theirs, stdout=theirs, stderr=theirs, timeout=60, check=False,
    )  # fmt: skip
    os.close(theirs)
    reader.join()
    os.close(ours)
    return done.returncode, shown.decode()


class SlowPages(ThreadingHTTPServer):
    """Pages that wait until a terminal shows a word, where there is one."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), SlowPage)
        self.shown: bytearray | None = None
        self.urls = [f"http://127.0.0.1:{self.server_port}/{n}" for n in range(8)]


class SlowPage(BaseHTTPRequestHandler):
    server: SlowPages

    def do_GET(self) -> None:
        shown = self.server.shown
        if shown is not None:
            wait_until(lambda: b"/8" in shown, what="the bar")
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def pages():
    with SlowPages() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize("what", ["running", "asking"])
def test_many_targets_show_progress_on_a_terminal_alone(sentinel, pages, what):
    """A bar appears while targets are slow, and goes away again; in a pipe there is not a word of it."""
    tasks = [
        {"id": f"page-{url[-1]}", "plugin": "http", "config": {"url": url, "timeout": "40s"}}
        for url in pages.urls
    ]
    sentinel.configure(sender={"direct": {"file": {"path": "out.jsonl"}}}, tasks=tasks)
    trigger = ["trigger", "http", *pages.urls, "-o", "timeout=40s"]
    arguments = trigger if what == "asking" else ["run", "--once"]
    pages.shown = bytearray()
    code, shown = on_a_terminal(sentinel, *arguments, shown=pages.shown)
    assert code == 0, shown
    assert what in shown
    assert "\x1b[2K" in shown  # the bar's line is cleared
    pages.shown = None
    piped = sentinel.command(*arguments)
    assert piped.returncode == 0
    assert piped.stderr == ""
    assert "\x1b" not in piped.stdout
    assert "/8" not in piped.stdout


def test_one_target_needs_no_bar(sentinel):
    """Nobody waits for one host."""
    code, shown = on_a_terminal(sentinel, "trigger", "ping", HOSTS[0], "-o", "count=1")
    assert code == 0, shown
    assert "hosts" not in shown


def test_samples_that_were_refused_make_it_fail(sentinel, hostile_server):
    """A script must not take for delivered what the destination did not take."""
    hostile_server.default = Answer(400, body=b"no such tenant")
    configure(sentinel, central={"writer": "prometheus", "url": hostile_server.url})
    done = sentinel.command("run", "--once")
    assert done.returncode == 1
    assert "samples were not delivered to output central" in done.stderr
    assert "no such tenant" in done.stderr
    assert done.stdout.count(" ok ") == len(HOSTS)


def test_without_an_output_it_fails(sentinel):
    """What was collected is lost, and that is said."""
    configure(sentinel)
    done = sentinel.command("run", "--once")
    assert done.returncode == 1
    assert "samples never got into the buffer: no_output" in done.stderr


def test_a_reader_that_has_seen_enough_ends_it_quietly(sentinel):
    """`sentinel trigger ... | head -1`: no traceback."""
    command = f"{sys.executable} -m orbital_sentinel trigger ping {' '.join(HOSTS)} -o count=1"
    done = subprocess.run(
        f"{command} | head -n 1", shell=True, cwd=sentinel.folder, env=sentinel.environ,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("# 127.0.0.")
    assert done.stderr == ""
