"""`sentinel explain` and `sentinel top`: what is wrong, from a running agent."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler
from socketserver import UnixStreamServer


def failing(machine) -> bool:
    return bool(machine.sentinel("tasks", "--status", "failed", "--output", "json").data)


def test_explain_and_top(machine, two_tasks):
    """The task that fails comes with its cause and what to do; the other one does not appear as wrong."""
    with machine.running() as agent:
        agent.until_running()
        agent.until(lambda: failing(machine), "a run that failed")
        wrong = machine.sentinel("explain")
        assert wrong.code == 1
        assert "task ill" in wrong.out
        assert "task well" not in wrong.out
        assert "since:" in wrong.out
        assert "`sentinel test ill`" in wrong.out
        (one,) = machine.sentinel("explain", "ill", "--output", "json").data
        assert one["cause"]["error"] in wrong.out
        assert machine.sentinel("explain", "well").code == 0
        unknown = machine.sentinel("explain", "nix")
        assert unknown.code == 1
        assert "no task, device or output is called 'nix'" in unknown.err
        screen = machine.sentinel("top", "--once")
        assert screen.code == 0
        assert screen.out.index("ill") < screen.out.index("well")  # the worst first
        assert all(len(line) <= 80 for line in screen.out.splitlines())


class Without(BaseHTTPRequestHandler):
    """Answers as an agent does that has no such route."""

    def do_GET(self) -> None:
        body = b'{"error":"Not Found"}'
        self.send_response(404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_explain_without_a_console_says_what_to_install(machine, two_tasks):
    """An agent without the package has no such route."""
    machine.socket.parent.mkdir(parents=True)
    with UnixStreamServer(str(machine.socket), Without) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told = machine.sentinel("explain")
        server.shutdown()
    assert told.code == 1
    assert "pip install orbital-console" in told.err
