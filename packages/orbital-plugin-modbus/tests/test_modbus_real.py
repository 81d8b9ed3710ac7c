"""Both servers, every type, order, table and transport: values compared register by register."""

from __future__ import annotations

import asyncio
import shutil
import struct
import subprocess

import pytest

from orbital_plugin_modbus.types import ORDERS, TYPES
from orbital_testbench.programs import MissingProgramError, skip_or_fail

pytestmark = pytest.mark.real

VALUES = {
    "int16": -1234, "uint16": 65432, "int32": -123456789, "uint32": 4123456789, "int64": -(2**52) - 1,
    "uint64": 2**52 + 1, "float16": 1.5, "float32": 3.140625, "float64": -2.718281828,
    "bcd16": 1234, "bcd32": 12345678, "bcd64": 123456789012345, "time32": 1700000000,
    "time64": 1700000000, "fixed32": -2.25, "ufixed16": 7.5,
}  # fmt: skip
TRANSPORTS = ("tcp", "tls", "udp", "rtu_over_tcp", "rtu", "ascii")


def wire(name: str, order: str) -> bytes:
    number, kind = VALUES[name], TYPES[name]
    if name.startswith("bcd"):
        number = int(str(number), 16)
    if "fixed" in name:
        number = int(number * 16)
    data = struct.pack((">" if order in ("ABCD", "BADC") else "<") + kind.code, number)
    if order in ("BADC", "CDAB"):
        data = b"".join(data[i : i + 2][::-1] for i in range(0, len(data), 2))
    return data


def zoo() -> tuple[list[dict[str, object]], list[int], dict[str, float]]:
    """Fields of every type and order, the registers that hold them, and the values by metric."""
    fields, registers, expected = [], [], {}
    for name, value in VALUES.items():
        for order in ORDERS if TYPES[name].registers > 1 else ("ABCD", "BADC"):
            metric = f"zoo_{name}_{order.lower()}"
            field = {"name": metric, "address": len(registers), "type": name, "order": order}
            fields.append(field | ({"fraction_bits": 4} if "fixed" in name else {}))
            registers += struct.unpack(f">{TYPES[name].registers}H", wire(name, order))
            expected[metric] = float(value)
    return fields, registers, expected


FIELDS, REGISTERS, EXPECTED = zoo()


def check(collection, expected=EXPECTED):
    assert collection.error is None
    got = {s.series.metric.name: float(s.value) for s in collection.samples}
    assert {name: got[name] for name in expected} == expected


def both_tables():
    return FIELDS + [
        field | {"table": "input", "name": f"{field['name']}_input"} for field in FIELDS
    ]


@pytest.mark.parametrize("engine", ["auto", "pymodbus"])
async def test_every_type_and_order_from_libmodbus(collect, start_modbus, engine):
    """Both engines give what was put into an independent server, from two tables."""
    words = " ".join(map(str, REGISTERS))
    server = start_modbus([f"holding 0 {words}", f"input 0 {words}"])
    device = {"host": server.host, "port": server.port, "unit_id": 255}
    collection = await collect(device, {"registers": both_tables(), "engine": engine})
    check(collection)
    check(collection, {f"{name}_input": value for name, value in EXPECTED.items()})


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_every_type_and_order_from_pymodbus(collect, pymodbus_servers, transport):
    """Over each transport."""
    tables = {"holding": {0: REGISTERS}, "input": {0: REGISTERS}}
    device = await pymodbus_servers.start(transport, tables, unit=17)
    check(await collect(device, {"registers": both_tables()}))


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_the_engines_agree(collect, pymodbus_servers, transport):
    """The plugin's own exchange gives the same answers as pymodbus' clients, bits included."""
    tables = {"holding": {0: REGISTERS}, "coil": {0: [n % 3 == 0 for n in range(64)]}}
    device = await pymodbus_servers.start(transport, tables)
    coils = [{"table": "coil", "address": n} for n in range(64)]
    config = {"registers": FIELDS + coils}
    own, library = [await collect(device, config | {"engine": e}) for e in ("auto", "pymodbus")]
    assert own.error is None
    assert own.error == library.error
    assert [(repr(s.series), s.value) for s in own.samples] == [
        (repr(s.series), s.value) for s in library.samples
    ]


@pytest.mark.parametrize("engine", ["auto", "pymodbus"])
async def test_bits_from_libmodbus(collect, start_modbus, engine):
    """Coils and discrete inputs, at an address that is not a multiple of eight, more than a byte of them."""
    pattern = [int(n % 3 == 0 or n % 7 == 0) for n in range(77)]
    bits = " ".join(map(str, pattern))
    server = start_modbus([f"coil 5 {bits}", f"discrete 1003 {bits}"])
    registers = [{"table": "coil", "address": 5 + n} for n in range(77)]
    registers += [{"table": "discrete", "address": 1003 + n} for n in range(77)]
    device = {"host": server.host, "port": server.port}
    collection = await collect(device, {"registers": registers, "engine": engine})
    assert collection.error is None
    for n, bit in enumerate(pattern):
        assert collection.value(f"modbus_coil_{5 + n}") == bit
        assert collection.value(f"modbus_discrete_input_{1003 + n}") == bit
    assert {ask.function for ask in server.asked} == {1, 2}


async def test_serial_unit_of_libmodbus(collect, start_serial_modbus):
    """RTU over a pty, against the independent implementation."""
    line = start_serial_modbus([f"holding 0 {' '.join(map(str, REGISTERS))}", "unit 9"])
    check(await collect({"serial": {"device": line.device}, "unit_id": 9}, {"registers": FIELDS}))
    assert {ask.unit for ask in line.asked} == {9}


def mbpoll(server, start: int, count: int) -> str:
    words = f"mbpoll -m tcp -p {server.port} -0 -r {start} -c {count} -t 4:hex -1 {server.host}"
    told = subprocess.run(words.split(), check=True, capture_output=True, text=True, timeout=20)
    return told.stdout


async def test_mbpoll_sees_the_same(collect, start_modbus):
    """An independent client reads the same registers from the same server."""
    if shutil.which("mbpoll") is None:
        skip_or_fail(MissingProgramError("mbpoll", "mbpoll"))
    server = start_modbus([f"holding 0 {' '.join(map(str, REGISTERS))}"])
    count = len(REGISTERS)
    registers = [{"address": n} for n in range(count)]
    ours = await collect({"host": server.host, "port": server.port}, {"registers": registers})
    theirs: dict[int, int] = {}
    for start in range(0, count, 100):
        size = min(100, count - start)
        told = await asyncio.to_thread(mbpoll, server, start, size)
        for line in told.splitlines():
            if line.startswith("["):
                place, value = line.split(":")
                theirs[int(place.strip("[] "))] = int(value.strip(), 16)
    assert theirs == {n: ours.value(f"modbus_register_{n}") for n in range(count)}


@pytest.mark.parametrize("unit", [0, 1, 247, 255])
@pytest.mark.parametrize("engine", ["auto", "pymodbus"])
async def test_unit_ids(collect, start_modbus, unit, engine):
    """0 to 255, as gateways and devices without a unit want them."""
    server = start_modbus(["holding 3 42"])
    device = {"host": server.host, "port": server.port, "unit_id": unit}
    collection = await collect(device, {"registers": [{"address": 3}], "engine": engine})
    assert collection.value("modbus_register_3", unit_id=str(unit)) == 42
    assert server.asked[0].unit == unit
