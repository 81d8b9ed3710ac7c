"""The CPU that a heartbeat tells."""

from __future__ import annotations

import threading
from collections import namedtuple

import pytest

from orbital_gravital.machine.cpu import LOOK, Cpu

Times = namedtuple("Times", "user nice system idle iowait guest guest_nice")  # noqa: PYI024 (as psutil's)


def looks(*times):
    """What each look after the first says; on threads of their own, as those of a pool are."""
    given, slept = iter(times), []
    cpu = Cpu(lambda: next(given), slept.append)
    found: list[float] = []
    for _ in times[1:]:
        thread = threading.Thread(target=lambda: found.append(cpu.percent()))
        thread.start()
        thread.join()
    assert slept == [LOOK]
    return found


def test_each_look_covers_all_since_the_last_whatever_its_thread():
    """A guest's time is in `user` already, and waiting for a disk is idle."""
    first = Times(100, 0, 50, 800, 50, 20, 0)
    busy = Times(130, 0, 70, 840, 60, 40, 0)
    idle = Times(130, 0, 70, 940, 60, 40, 0)
    assert looks(first, busy, idle) == [50.0, 0.0]


def test_counters_that_stand_or_go_back_are_no_negative_load():
    """As virtual machines have them."""
    first = Times(100, 0, 50, 800, 50, 0, 0)
    assert looks(first, first, first._replace(idle=700, user=101)) == [0.0, 100.0]


def test_the_counters_of_this_machine_are_understood():
    """Whatever kinds of time its system knows."""
    cpu = Cpu()
    assert 0 <= cpu.percent() <= 100
    assert cpu.percent() == pytest.approx(50, abs=50)
