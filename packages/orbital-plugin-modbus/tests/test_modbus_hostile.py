"""Devices and gateways that answer wrongly: counted and named, and never a wrong value."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from orbital_plugin_modbus.mbap import MbapLink
from orbital_plugin_modbus.tables import TABLES, Read
from orbital_sdk import DeviceUnreachable, PartialCollect, UnexpectedReply
from orbital_testbench import pty_pair
from orbital_testbench.programs import MissingProgramError, skip_or_fail

from .conftest import rtu

REGISTERS = [{"address": n} for n in (10, 11, 12)]
QUICK = {"request_timeout": 0.2, "retries": 0}
SILENT = {"request_timeout": 0.05, "retries": 0}
"""For what has no answer, whatever comes."""


def right(collection) -> bool:
    """Whatever came, register n held n."""
    named = [s for s in collection.samples if s.series.metric.name.startswith("modbus_register_")]
    return all(s.value == int(s.series.metric.name.rpartition("_")[2]) for s in named)


WRONG = [
    (lambda a: [], "timeout"),
    (lambda a: [a.good()[:7]], "timeout"),
    (lambda a: [a.good(count=2)], "wrong_length"),
    (lambda a: [a.good(count=4)], "wrong_length"),
    (lambda a: [a.good(size=4)], "wrong_length"),
    (lambda a: [a.good(count=2, size=6)], "wrong_length"),
    (lambda a: [a.good(unit=2)], "wrong_unit"),
    (lambda a: [a.good(function=4)], "wrong_function"),
    (lambda a: [a.good(function=0x84)], "wrong_function"),
    (lambda a: [a.good(number=a.number + 1)], "timeout"),
    (lambda a: [a.good(number=a.number + 1)], "wrong_transaction"),
    (lambda a: [a.good(protocol=7)], "garbled"),
    (lambda a: [a.good(length=0)], "garbled"),
    (lambda a: [a.good(length=60000)], "garbled"),
    (lambda a: [b"HTTP/1.1 400 Bad Request\r\n\r\n"], "garbled"),
    (lambda a: [b"\xff" * 4000], "garbled"),
    (lambda a: [a.good(number=0) * 100] * 100, "timeout"),
    (lambda a: [None], "connection"),
    (lambda a: [a.good()[:9], None], "connection"),
]
"""What a device sends for a request, and what that is counted as."""


@pytest.mark.parametrize(("answer", "reason"), WRONG)
async def test_no_answer_that_can_be_used(collect, script, answer, reason):
    """Short, long, wrong, cut or never-ending: no value, a reason counted, the device unreachable."""
    server = await script(answer)
    patience = SILENT if reason == "timeout" else QUICK
    collection = await collect({**server.fields, **patience}, {"registers": REGISTERS})
    assert isinstance(collection.error, DeviceUnreachable)
    assert f"127.0.0.1:{server.port}, unit 1: holding 10..12" in str(collection.error)
    assert not [n for n in collection.names if n.startswith("modbus_register_")]
    assert collection.value("modbus_errors_total", unit_id="1", reason=reason) == 1
    assert collection.value("modbus_requests") == 1


@pytest.mark.parametrize("answer", [answer for answer, _ in WRONG])
async def test_the_library_gives_no_wrong_value_either(collect, script, answer):
    """The same answers to pymodbus' client: nothing that is not an answer becomes a value or a crash."""
    server = await script(answer)
    config = {"registers": REGISTERS, "engine": "pymodbus"}
    collection = await collect({**server.fields, **SILENT}, config)
    assert isinstance(collection.error, DeviceUnreachable)
    assert not [n for n in collection.names if n.startswith("modbus_register_")]
    assert "modbus_errors_total" in collection.names


async def test_the_library_knows_noise_from_silence(collect, script):
    """More than a frame can be is thrown away by pymodbus unseen; it is no silence all the same."""
    server = await script(lambda a: [b"\xff" * 65536])
    config = {"registers": REGISTERS, "engine": "pymodbus"}
    collection = await collect({**server.fields, **QUICK}, config)
    assert collection.value("modbus_errors_total", reason="garbled") == 1
    assert "bytes came within 0.2 s, and no valid answer" in str(collection.error)


@pytest.mark.parametrize(
    "answer",
    [
        lambda a: [bytes([byte]) for byte in a.good()],
        lambda a: [a.good(number=a.number - 1) + a.good()],
        lambda a: [a.good(number=0xABCD), a.good()[:4], a.good()[4:] + a.good(number=9)[:5]],
    ],
)
async def test_answers_in_pieces_and_late_ones_between(collect, script, answer):
    """TCP knows no frames: bytes may come one by one, or with others' answers around them."""
    server = await script(answer)
    collection = await collect(server.fields, {"registers": REGISTERS})
    assert collection.error is None
    assert [collection.value(f"modbus_register_{n}") for n in (10, 11, 12)] == [10, 11, 12]


async def test_a_gateway_that_mixes_up_transactions(collect, script):
    """It sends the last request's answer first: that one is thrown away and counted."""
    kept = []

    def answer(asked):
        kept.append(asked)
        return [each.good() for each in kept[-2:]]

    server = await script(answer)
    registers = [{"address": n * 200} for n in range(20)]
    collection = await collect(server.fields, {"registers": registers})
    assert collection.error is None
    assert right(collection)
    assert collection.value("modbus_errors_total", reason="wrong_transaction") == 19


async def test_a_late_answer_is_nobodys(collect, script):
    """The answer to a request that was given up comes with the next one's: it is not taken for that."""
    held = []

    def answer(asked):
        if asked.address == 10 and not held:
            held.append(asked)
            return []
        return [held[0].good(), asked.good()]

    server = await script(answer)
    device = {**server.fields, "request_timeout": 0.2, "retries": 1}
    collection = await collect(device, {"registers": REGISTERS})
    assert collection.error is None
    assert right(collection)
    assert collection.value("modbus_errors_total", reason="timeout") == 1


@pytest.mark.parametrize("engine", ["auto", "pymodbus"])
@pytest.mark.parametrize("code", [4, 5, 6, 8, 99])
async def test_an_exception_leaves_the_other_reads(collect, script, code, engine):
    """Code and unit are in the text and in a metric; what else was read is kept."""
    server = await script(lambda a: [a.refusal(code) if a.address == 500 else a.good()])
    registers = [*REGISTERS, {"address": 500, "name": "gone"}, {"address": 900}]
    collection = await collect(server.fields, {"registers": registers, "engine": engine})
    assert isinstance(collection.error, PartialCollect)
    assert collection.error.failed == 1
    assert f"unit 1: holding 500: exception {code}" in str(collection.error)
    assert right(collection)
    assert collection.value("modbus_register_900") == 900
    assert collection.value("modbus_exceptions_total", unit_id="1", code=str(code)) == 1


async def test_a_device_that_refuses_everything_is_up(collect, script):
    """It answers, so it is not unreachable; but nothing came of it."""
    server = await script(lambda a: [a.refusal(1)])
    collection = await collect(server.fields, {"registers": REGISTERS})
    assert isinstance(collection.error, UnexpectedReply)
    assert "illegal function" in str(collection.error)


async def test_a_unit_that_falls_silent_ends_the_turn(collect, script):
    """What came before stands; the rest is not waited for read by read."""
    server = await script(lambda a: [a.good()] if a.address < 400 else [])
    registers = [{"address": n * 200} for n in range(10)]
    collection = await collect({**server.fields, **QUICK}, {"registers": registers})
    assert isinstance(collection.error, PartialCollect)
    assert collection.error.failed == 8
    assert collection.value("modbus_requests") == 3
    assert right(collection)


async def test_a_dead_unit_leaves_the_others(collect, script):
    """Several units by one map: each has its own fate."""
    server = await script(lambda a: [] if a.unit == 2 else [a.good()])
    device = {**server.fields, **QUICK, "unit_id": [1, 2, 3]}
    collection = await collect(device, {"registers": REGISTERS})
    assert isinstance(collection.error, PartialCollect)
    assert "unit 2" in str(collection.error)
    assert collection.value("modbus_register_10", unit_id="1") == 10
    assert collection.value("modbus_register_12", unit_id="3") == 12


async def test_nobody_listens(collect, dead_port):
    """A connection that is never made costs the time-out, and is said to be one."""
    device = {"host": "127.0.0.1", "port": dead_port, **SILENT}
    collection = await collect(device, {"registers": REGISTERS})
    assert isinstance(collection.error, DeviceUnreachable)
    assert "cannot connect within 0.05 s" in str(collection.error)


@contextlib.contextmanager
def noisy_line(folder, answers):
    """A serial line whose other end answers each request with the next of `answers`; gives our end."""
    try:
        with pty_pair(folder) as (near, far), Path(far).open("r+b", buffering=0) as line:
            left = list(answers)

            def reply():
                line.read(300)
                line.write(left.pop(0))

            loop = asyncio.get_running_loop()
            loop.add_reader(line.fileno(), reply)
            try:
                yield near
            finally:
                loop.remove_reader(line.fileno())
            assert not left
    except MissingProgramError as missing:
        skip_or_fail(missing)


def told(text: str) -> bytes:
    """A frame with its right checksum, in hexadecimal digits."""
    return rtu(bytes.fromhex(text))


NOISE = [
    b"\x00\x01\x02", b"\xff" * 600, bytes.fromhex("010306000a000b000cdead"), told("01990102"),
    told("020306000100020003"), told("0103040001 0002"), told("010406000a000b000c"), told("0103"),
    told("010306000a000b000c")[:-1], told("018402"),
]  # fmt: skip
"""Noise, a wrong checksum, unknown functions, another unit, a short answer, another function, cut frames."""


async def test_wrong_bytes_on_a_serial_line(collect, tmp_path):
    """None of them becomes a value, or an error inside the event loop."""
    with noisy_line(tmp_path, NOISE) as near:
        for _ in NOISE:
            device = {"serial": {"device": near}, **SILENT}
            collection = await collect(device, {"registers": REGISTERS})
            assert isinstance(collection.error, DeviceUnreachable)
            assert not [n for n in collection.names if "register" in n]
            assert "modbus_errors_total" in collection.names


async def test_right_bytes_after_wrong_ones(collect, tmp_path):
    """Another unit's frame is not an answer: the request is sent again, and what comes then counts."""
    answers = [told("020306000100020003"), told("010306000a000b000c")]
    with noisy_line(tmp_path, answers) as near:
        device = {"serial": {"device": near}, "request_timeout": 0.2}
        collection = await collect(device, {"registers": REGISTERS})
        assert collection.error is None
        assert collection.value("modbus_register_12") == 12
        assert collection.value("modbus_errors_total", reason="garbled") == 1


async def test_a_converter_that_hears_itself(collect, tmp_path):
    """With `local_echo` the request that comes back is taken off the answer."""
    with noisy_line(tmp_path, [told("0103000a0003") + told("010306000a000b000c")]) as near:
        device = {"serial": {"device": near, "local_echo": True}}
        collection = await collect(device, {"registers": REGISTERS})
        assert collection.error is None
        assert right(collection)


async def test_cancelled_in_the_middle(script):
    """A read that is given up leaves a link that works, and its late answer is thrown away."""
    held, asked_once = [], asyncio.Event()

    def answer(asked):
        held.append(asked)
        asked_once.set()
        return [each.good() for each in held] if len(held) > 1 else []

    server = await script(answer)
    link = MbapLink("127.0.0.1", server.port)
    await link.open(5)
    first = asyncio.ensure_future(link.read(1, Read(TABLES["holding"], 0, 2), 5))
    await asyncio.wait_for(asked_once.wait(), 60)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert await link.read(1, Read(TABLES["holding"], 7, 1), 5) == b"\x00\x07"
    assert link.discarded["wrong_transaction"] == 1
    link.close()
