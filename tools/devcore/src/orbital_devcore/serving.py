"""A server in a thread of its own, for tests and tools."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from orbital_devcore.app import create_app

if TYPE_CHECKING:
    from collections.abc import Generator

    from orbital_devcore.core import Core
    from orbital_devcore.troubled import Troubled


@contextmanager
def serving(core: Core, *, port: int = 0) -> Generator[str]:
    """The address of this server while it runs; 0 takes a free port of 127.0.0.1."""
    with listening(create_app(core), port=port) as address:
        yield address


@contextmanager
def listening(app: Troubled, *, port: int = 0) -> Generator[str]:
    """The same for an application whose server may be exchanged meanwhile (`app.core`)."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="devcore")
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
