"""`python -m orbital_testbench.clickhouse FOLDER HTTP_PORT NATIVE_PORT`: serve until killed."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from orbital_testbench.clickhouse.engine import Engine
from orbital_testbench.clickhouse.http import http_server
from orbital_testbench.clickhouse.native import native_server


def main(folder: str, http_port: str, native_port: str) -> None:
    """Both protocols before one engine."""
    engine = Engine(Path(folder))
    native = native_server(engine, int(native_port))
    threading.Thread(target=native.serve_forever, daemon=True).start()
    http_server(engine, int(http_port)).serve_forever()


main(*sys.argv[1:])
