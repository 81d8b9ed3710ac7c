"""Many checks of a server that takes few connections at once: one after the other, and none has to wait."""

from __future__ import annotations

from collections import Counter
from http.server import HTTPServer
from itertools import pairwise

import pytest

from orbital_testbench import wait_until
from orbital_testbench.web import Statuses, served

CHECKS = 20


class Small(HTTPServer):
    """As Python's own and many in devices: one thread, five connections waiting. It counts who comes."""

    request_queue_size = 5

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.came: Counter[str] = Counter()


class _Handler(Statuses):
    server: Small

    def status(self) -> int:
        self.server.came[self.path] += 1
        return 200


@pytest.fixture
def small():
    with served(Small()) as server:
        yield server


def test_twenty_checks_a_second_of_a_small_server(sentinel, small):
    """Each check of each second arrives and none fails: they stand apart, and do not come in two
    bursts of ten.
    """
    sentinel.configure(
        sender={"direct": {"file": {"path": "out.jsonl"}}},
        tasks=[
            {"id": f"check-{n}", "plugin": "http", "interval": "1s",
             "config": {"url": f"http://127.0.0.1:{small.server_port}/{n}"}}
            for n in range(CHECKS)
        ],
    )  # fmt: skip
    sentinel.start("--config", "config.yaml")
    wait_until(lambda: all(task["runs"] >= 5 for task in sentinel.tasks()))
    assert {task["failed"] for task in sentinel.tasks()} == {0}
    wait_until(lambda: apart(sentinel) >= 10)
    assert small.came.keys() == {f"/{n}" for n in range(CHECKS)}


def apart(sentinel) -> int:
    """Milliseconds between the two of them that are next to each other."""
    due = sorted(task["next_run"] % 1000 for task in sentinel.tasks())
    return min(after - before for before, after in pairwise(due))
