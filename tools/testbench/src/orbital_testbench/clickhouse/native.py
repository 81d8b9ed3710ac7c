# pyright: basic
# (clickhouse-driver has no types)
"""ClickHouse's native protocol, as far as clickhouse-driver uses it.

The framing of blocks is clickhouse-driver's own code on both sides: what is tested is what we send by it.
Protocol: ClickHouse's src/Core/Protocol.h; revision 54441 has Map and LowCardinality, and little after it.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import socketserver
import struct
from typing import Any, Final

from clickhouse_driver.block import BlockInfo, ColumnOrientedBlock
from clickhouse_driver.bufferedreader import BufferedSocketReader
from clickhouse_driver.bufferedwriter import BufferedSocketWriter
from clickhouse_driver.compression import get_compressor_cls
from clickhouse_driver.context import Context
from clickhouse_driver.reader import read_binary_str
from clickhouse_driver.streams.compressed import (
    CompressedBlockInputStream,
    CompressedBlockOutputStream,
)
from clickhouse_driver.streams.native import BlockInputStream, BlockOutputStream
from clickhouse_driver.varint import read_varint, write_varint
from clickhouse_driver.writer import write_binary_str

from orbital_testbench.clickhouse.engine import Engine, EngineError
from orbital_testbench.ports import LOOPBACK

REVISION: Final = 54441
HELLO, QUERY, DATA, PING = 0, 1, 2, 4
"""What clients send."""
EXCEPTION, PONG, END_OF_STREAM = 2, 4, 5
"""What servers send, beside HELLO and, as number 1, data."""
_INSERT: Final = re.compile(
    r"\s*INSERT\s+INTO\s+([^\s(]+)\s*(\([^)]*\))?.*\bVALUES\s*\Z", re.IGNORECASE | re.DOTALL
)
_BUFFER: Final = 1 << 20


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def native_server(engine: Engine, port: int) -> socketserver.ThreadingTCPServer:
    """A server for this engine, not yet serving."""

    class Handler(_Connection):
        pass

    Handler.engine = engine
    return _Server((LOOPBACK, port), Handler)


class _Revision:
    """Stands for the other side's greeting, which the codec asks for its revision."""

    def __init__(self, revision: int) -> None:
        self.used_revision = self.revision = revision

    def get_timezone(self) -> str:
        return "UTC"


def _context(revision: int) -> Any:
    context = Context()
    context.server_info = _Revision(revision)
    context.settings = {}
    context.client_settings = {
        "strings_as_bytes": True,
        "use_numpy": False,
        "strings_encoding": "utf-8",
        "input_format_null_as_default": False,
    }
    return context


class _Connection(socketserver.BaseRequestHandler):
    engine: Engine

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = BufferedSocketReader(self.request, _BUFFER)
        self.writer = BufferedSocketWriter(self.request, _BUFFER)
        with contextlib.suppress(EOFError, OSError):
            if self._greet():
                while self._packet(read_varint(self.reader)):
                    pass

    def _greet(self) -> bool:
        read_varint(self.reader)
        read_binary_str(self.reader)
        for _ in range(3):
            read_varint(self.reader)
        self.database, user, password = (read_binary_str(self.reader) for _ in range(3))
        try:
            self.read_only = self.engine.authenticate(user, password)
            self.engine.query("SELECT 1", database=self.database or "default")
        except EngineError as error:
            self._refuse(error)
            return False
        write_varint(HELLO, self.writer)
        write_binary_str("bench", self.writer)
        for number in (26, 9, REVISION):
            write_varint(number, self.writer)
        write_binary_str("UTC", self.writer)
        write_binary_str("bench", self.writer)
        write_varint(2, self.writer)
        self.writer.flush()
        return True

    def _packet(self, kind: int) -> bool:
        if kind == PING:
            write_varint(PONG, self.writer)
            self.writer.flush()
            return True
        if kind != QUERY:
            return False
        settings, compressed, sql = self._read_query()
        self._open_streams(compressed=compressed)
        while self._read_block().num_columns:  # external tables, which nobody sends
            pass
        try:
            self._answer(sql, settings)
            write_varint(END_OF_STREAM, self.writer)
            self.writer.flush()
        except EngineError as error:
            self._refuse(error)
        return True

    def _read_query(self) -> tuple[dict[str, str], bool, str]:
        r = self.reader
        read_binary_str(r)
        r.read_one()
        for _ in range(3):
            read_binary_str(r)
        r.read_one()
        for _ in range(3):
            read_binary_str(r)
        for _ in range(3):
            read_varint(r)
        read_binary_str(r)
        read_varint(r)
        settings: dict[str, str] = {}
        while name := read_binary_str(r):
            read_varint(r)
            settings[name] = read_binary_str(r)
        read_binary_str(r)
        read_varint(r)
        return settings, bool(read_varint(r)), read_binary_str(r)

    def _open_streams(self, *, compressed: bool) -> None:
        context = _context(REVISION)
        if compressed:
            compressor = get_compressor_cls("lz4")
            self.blocks_in: Any = CompressedBlockInputStream(self.reader, context)
            self.blocks_out: Any = CompressedBlockOutputStream(
                compressor, _BUFFER, self.writer, context
            )
        else:
            self.blocks_in = BlockInputStream(self.reader, context)
            self.blocks_out = BlockOutputStream(self.writer, context)

    def _answer(self, sql: str, settings: dict[str, str]) -> None:
        common = {"database": self.database or "default", "read_only": self.read_only}
        insert = _INSERT.match(sql)
        if insert is None:
            answer = self.engine.query(sql, settings=settings, form="JSONCompact", **common)
            if answer:
                found = json.loads(answer)
                columns = [(column["name"], "String") for column in found["meta"]]
                self._write_head(columns)
                rows = [[str(value).encode() for value in row] for row in found["data"]]
                if rows:
                    self._write_block(columns, [list(column) for column in zip(*rows, strict=True)])
            return
        described = json.loads(
            self.engine.query(f"DESCRIBE TABLE {insert[1]}", form="JSONCompact", **common)
        )
        types = {row[0]: row[1] for row in described["data"]}
        names = [n.strip(" `") for n in insert[2][1:-1].split(",")] if insert[2] else list(types)
        self._write_head([(name, types[name]) for name in names])
        statement = f"INSERT INTO {insert[1]} ({', '.join(f'`{name}`' for name in names)})"
        while (block := self._read_block()).num_rows:
            self.engine.query(
                f"{statement} FORMAT Native", settings=settings, data=_plain(block), **common
            )

    def _read_block(self) -> Any:
        if read_varint(self.reader) != DATA:
            raise EOFError
        read_binary_str(self.reader)
        return self.blocks_in.read(use_numpy=False)

    def _write_head(self, columns: list[tuple[str, str]]) -> None:
        """A block that says what columns there are and has no rows."""
        write_varint(1, self.writer)
        write_binary_str("", self.writer)
        out = self.blocks_out.fout
        BlockInfo().write(out)
        write_varint(len(columns), out)
        write_varint(0, out)
        for name, kind in columns:
            write_binary_str(name, out)
            write_binary_str(kind, out)
        self.blocks_out.finalize()
        self.writer.flush()

    def _write_block(self, columns: list[tuple[str, str]], data: list[list[bytes]]) -> None:
        write_varint(1, self.writer)
        write_binary_str("", self.writer)
        self.blocks_out.write(ColumnOrientedBlock(columns, data, info=BlockInfo()))
        self.writer.flush()

    def _refuse(self, error: EngineError) -> None:
        write_varint(EXCEPTION, self.writer)
        self.writer.write(struct.pack("<i", error.code))
        for text in ("DB::Exception", str(error), ""):
            write_binary_str(text, self.writer)
        self.writer.write(b"\x00")
        self.writer.flush()


class _Memory:
    """A socket that keeps what is sent."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def sendall(self, data: Any) -> None:
        self.parts.append(bytes(data))


def _plain(block: Any) -> bytes:
    """A block as FORMAT Native, which is the same without the protocol around it."""
    memory = _Memory()
    writer = BufferedSocketWriter(memory, _BUFFER)
    data = [list(column) for column in block.get_columns()]
    BlockOutputStream(writer, _context(0)).write(
        ColumnOrientedBlock(block.columns_with_types, data)
    )
    writer.flush()
    return b"".join(memory.parts)
