"""`sentinel modbus read | scan`, as people call them, against a real server."""

from __future__ import annotations

import asyncio
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from orbital_plugin_modbus.commands import app
from orbital_plugin_modbus.plausible import in_order, orders_of, plausible
from orbital_sdk import DeviceUnreachable
from orbital_testbench import free_port

MEASURED = (231.5, 50.02, -12.75, 0.98, 1234.5)


def wire(value: float, order: str) -> bytes:
    data = struct.pack(">f" if order in ("ABCD", "BADC") else "<f", value)
    swap = order in ("BADC", "CDAB")
    return data[1::-1] + data[:1:-1] if swap else data


def floats(order: str) -> str:
    data = b"".join(wire(value, order) for value in MEASURED)
    return " ".join(map(str, struct.unpack(f">{len(data) // 2}H", data)))


def run(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.mark.parametrize("order", ["ABCD", "DCBA", "BADC", "CDAB"])
def test_read_marks_the_plausible_order(start_modbus, order):
    """Floats in four orders; the one that the device uses is marked."""
    server = start_modbus([f"holding 0 {floats(order)}"])
    done = run("read", server.host, "-p", server.port, "--table", "holding", "--address", 0,
               "--count", 10, "--as", "float32")  # fmt: skip
    assert done.exit_code == 0, done.output
    heads, *rows, last = done.stdout.splitlines()
    assert last == f"* looks right: order {order}"
    assert f"{order} *" in heads
    place = [
        name
        for name in heads.replace(" *", "*").split()
        if name.endswith(("*", "A", "B", "C", "D"))
    ]
    column = place.index(f"{order}*")
    values = [float(row.split()[-4:][column]) for row in rows]
    assert values == pytest.approx(MEASURED)


def test_read_as_json(start_modbus):
    """For programs: addresses, raw registers and every order."""
    server = start_modbus(["holding 5 1 2 3"])
    done = run(
        "read", server.host, "-p", server.port, "--address", 5, "--count", 3, "--output", "json"
    )
    told = json.loads(done.stdout)
    assert told["addresses"] == [5, 6, 7]
    assert told["raw"] == ["0001", "0002", "0003"]
    assert told["values"] == {"ABCD": [1, 2, 3], "BADC": [256, 512, 768]}
    assert told["plausible"] == "ABCD"


@pytest.mark.parametrize(
    ("table", "line"), [("holding", "unit 1 holding 5: 00e6 01f4"), ("coil", "unit 1 coil 5: 1 0")]
)
def test_read_for_a_recording(start_modbus, table, line):
    """A line as `sentinel test` takes it."""
    server = start_modbus(["holding 5 230 500", "coil 5 1 0"])
    place = ["--table", table, "--address", 5, "--count", 2]
    done = run("read", server.host, "-p", server.port, *place, "--record")
    assert done.stdout == f"{line}\n"


def test_json_without_numbers_that_it_lacks(start_modbus):
    """What is infinite in one of the orders is a string, so that every program can read the document."""
    server = start_modbus(["holding 0 32640 0 65408 0"])
    done = run(
        "read", server.host, "-p", server.port, "--as", "float32", "--count", 4, "--output", "json"
    )
    told = json.loads(done.stdout, parse_constant=pytest.fail)
    assert told["values"]["ABCD"] == ["+Inf", "-Inf"]


def test_json_in_its_older_spelling(start_modbus):
    """`--json` still works, and help does not show it."""
    server = start_modbus(["holding 5 1 2 3", "hole holding 8 65535"])
    place = server.host, "-p", server.port
    for words in (["read", *place, "--count", 2], ["scan", *place, "-u", 1, "--addresses", "0-9"]):
        assert run(*words, "--json").stdout == run(*words, "--output", "json").stdout
        assert "--json" not in run(words[0], "--help").stdout


def test_read_strings_and_bits(start_modbus):
    """Text in the order in which it can be read; coils as they are."""
    server = start_modbus(["holding 0 29263 26978 116", "coil 3 1 0 1"])
    done = run("read", server.host, "-p", server.port, "--as", "string", "--count", 3)
    assert "Orbit" in done.stdout
    assert done.stdout.endswith("order BADC\n")
    done = run(
        "read", server.host, "-p", server.port, "--table", "coil", "--address", 3, "--count", 3
    )
    assert [line.split() for line in done.stdout.splitlines()[1:]] == [
        ["3", "1"],
        ["4", "0"],
        ["5", "1"],
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--as", "float23"], "float23 is not one of"),
        (["--count", 126], "1 to 125"),
        (["--count", 1, "--as", "float64"], "takes 4 registers"),
        (["--address", 65530], "0 to 65535"),
        (["--table", "holdings"], "is not one of"),
        (["--transport", "rtu"], "needs serial"),
        (["--as", "string", "--length", 3], "even number"),
        (["--unit", 256], "255"),
    ],
)
def test_read_what_cannot_be(start_modbus, words, message):
    """Exit code 2 and what would be right."""
    server = start_modbus()
    done = run("read", server.host, "-p", server.port, *words)
    assert done.exit_code == 2
    assert message in " ".join(done.output.replace("│", " ").split())


def test_read_of_a_refusing_or_missing_device(start_modbus):
    """What the device said, or that nobody is there; never a time-out without a word."""
    server = start_modbus(["hole holding 0 9"])
    done = run("read", server.host, "-p", server.port)
    assert "unit 1 refuses holding 0..9: exception 2 (illegal data address)" in str(done.exception)
    done = run("read", server.host, "-p", free_port())
    assert "unit 1: cannot connect: Connection refused" in str(done.exception)


def test_scan_finds_units_ranges_and_models(start_modbus):
    """Dead units are left out; ranges are exact with `--finest 1`; SunSpec's models have their base."""
    server = start_modbus(
        [
            "dead 2", "refuse 4 11", "hole holding 30 49", "hole holding 301 399", "hole input 0 399",
            "holding 40000 21365 28243 1 66", "holding 40070 103 50", "holding 40122 65535 0",
        ]
    )  # fmt: skip
    done = run("scan", server.host, "-p", server.port, "-u", "1-4", "--addresses", "0-399", "--finest", 1,
               "--timeout", 0.2, "--output", "json")  # fmt: skip
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found.keys() == {"1", "3"}
    assert found["1"]["holding"] == [[0, 29], [50, 300]]
    assert found["1"]["input"] == []
    assert found["3"]["sunspec"] == [[1, 40002], [103, 40070]]


def test_scan_in_words(start_modbus):
    """One line a table."""
    server = start_modbus(["hole holding 0 99"])
    done = run("scan", server.host, "-p", server.port, "-u", "7", "--addresses", "0-199")
    assert done.stdout == "unit 7\n  holding   100..199\n  input     0..199\n"
    done = run("scan", server.host, "-p", server.port, "-u", "7", "--tables", "none")
    assert done.stdout == "unit 7\n"


def test_scan_of_a_unit_that_refuses_everything(start_modbus):
    """The reason is told, and no smaller block tried in vain."""
    server = start_modbus(["refuse 7 1"])
    done = run("scan", f"{server.host}:{server.port}", "-u", "7", "--addresses", "0-999")
    nothing = "nothing: exception 1 (illegal function)"
    assert done.stdout == f"unit 7\n  holding   {nothing}\n  input     {nothing}\n"
    assert len([asked for asked in server.asked if asked.count > 2]) == 20


def test_scan_of_a_serial_line(start_serial_modbus):
    """A unit is found behind one that is silent, and libmodbus is deaf for half a second then."""
    line = start_serial_modbus(["unit 2"])
    done = run("scan", line.device, "--units", "1-2", "--tables", "none")
    assert done.stdout == "unit 2\n"


@pytest.mark.parametrize(
    ("place", "port", "message"),
    [
        ("127.0.0.1:{0}", None, ""),
        ("localhost:{0}", "{0}", ""),
        ("127.0.0.1", "{0}", ""),
        ("127.0.0.1:{0}", 5, "the address says port {0}, and this one 5"),
        ("127.0.0.1:x", None, "ports are 1 to 65535"),
        ("[::1:{0}", None, "IPv6 with a port is written [2001:db8::1]:502"),
        ("a b", None, "host: "),
    ],
)
def test_where_it_is(start_modbus, place, port, message):
    """HOST:PORT as everywhere, or --port; what contradicts or cannot be is refused."""
    server = start_modbus(["holding 0 42"])
    option = [] if port is None else ["-p", str(port).format(server.port)]
    done = run("read", place.format(server.port), *option, "--count", 1, "--output", "json")
    said = " ".join(done.output.replace("│", " ").split())
    if message:
        assert done.exit_code == 2
        assert message.format(server.port) in said
    else:
        assert json.loads(done.stdout)["values"]["ABCD"] == [42]


def test_ipv6_in_brackets():
    """Nobody listens there; who was asked is named as it was typed."""
    done = run("read", f"[::1]:{free_port()}")
    assert str(done.exception).startswith("[::1]:")
    assert "unit 1: cannot connect: " in str(done.exception)


async def test_a_client_certificate(pymodbus_servers, authority):
    """Modbus/TCP Security has both sides show one: who asks for it is read with it, and only then."""
    device = await pymodbus_servers.start("tls", {"holding": {0: [42]}}, ask=True)
    own = authority.issue("meter-reader", client=True)
    words = ["read", f"localhost:{device['port']}", "--transport", "tls", "--count", 1, "--output", "json",
             "--ca-file", authority.ca_file]  # fmt: skip
    done = await asyncio.to_thread(
        run, *words, "--cert-file", own.certificate, "--key-file", own.key
    )
    assert json.loads(done.stdout)["values"]["ABCD"] == [42]
    done = await asyncio.to_thread(run, *words)
    assert isinstance(done.exception, DeviceUnreachable)
    assert "client certificate" in str(done.exception)


def test_scan_of_nobody():
    """The reason is told."""
    done = run("scan", "127.0.0.1", "-p", free_port(), "-u", "1-3")
    assert "Connection refused" in str(done.exception)


@pytest.mark.parametrize(
    "words",
    [
        ["-u", "1-300"],
        ["-u", "1-99999999999999"],
        ["-u", "5-1"],
        ["-u", "x"],
        ["-u", ""],
        ["--addresses", "0-65536"],
        ["--addresses", "0-9,500-600"],
        ["--tables", "holdings"],
    ],
)
def test_scan_of_what_cannot_be(words):
    """Exit code 2, before anybody is asked."""
    assert run("scan", "127.0.0.1", *words).exit_code == 2


def test_serial_read(start_serial_modbus):
    """A path is a serial line."""
    line = start_serial_modbus(["holding 0 42"])
    done = run("read", line.device, "--count", 1, "--output", "json")
    assert json.loads(done.stdout)["values"]["ABCD"] == [42]


@given(
    st.sampled_from(["int16", "uint32", "float32", "float64", "bcd32", "string"]),
    st.binary(max_size=250),
)
def test_any_registers_can_be_shown(kind, data):
    """Whatever stands there: every order has as many values, and one is chosen."""
    data = data[: len(data) // 2 * 2]
    columns = {order: in_order(data, kind, order, 2) for order in orders_of(kind)}
    assert len({len(column) for column in columns.values()}) == 1
    assert plausible(columns) in columns
