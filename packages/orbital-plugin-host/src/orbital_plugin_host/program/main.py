"""The program `orbital-plugin-host NAME`: serves an installed plugin to the agent that started it."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import sys
import threading
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orbital_plugin_host.frames import Frames
from orbital_plugin_host.handshake import COOKIE, FOLDER, LEVEL, Address, level_name, line, proof
from orbital_plugin_host.program.parts import CALL
from orbital_plugin_host.program.serving import Serving
from orbital_sdk import Plugin, wire
from orbital_sdk.wire.answers import Log
from orbital_sdk.wire.limits import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orbital_sdk.wire.answers import FromProgram

GROUP: Final = "orbital.plugins"
USAGE: Final = 64
"""Exit code, as of EX_USAGE."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the plugin of this name until the agent is gone."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    cookie, folder = os.environ.pop(COOKIE, ""), os.environ.pop(FOLDER, "")
    if len(given) != 1 or not cookie:
        sys.stderr.write(
            "orbital-plugin-host NAME is started by the agent, where collector.isolation or"
            " plugins.NAME.isolation says so\n"
        )
        sys.exit(USAGE)
    faulthandler.enable()
    cls, version = _found(given[0])
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(cls, version, cookie, Path(folder) / "s"))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Of uvloop where it is installed, as the agent has it."""
    try:
        from uvloop import new_event_loop  # noqa: PLC0415 (it may not be there)
    except ImportError:
        return None
    return new_event_loop


def _found(name: str) -> tuple[type[Plugin[Any, Any]], str]:
    points = entry_points(group=GROUP, name=name)
    if not points:
        sys.exit(f"no plugin is called {name!r}")
    (point, *_) = points
    loaded: Any = point.load()
    if not _is_plugin(loaded):
        sys.exit(f"{point.value} is not a class derived from orbital_sdk.Plugin")
    return loaded, point.dist.version if point.dist else ""


def _is_plugin(loaded: Any) -> bool:
    return isinstance(loaded, type) and issubclass(loaded, Plugin)


async def _serve(cls: type[Plugin[Any, Any]], version: str, cookie: str, path: Path) -> None:
    loop = asyncio.get_running_loop()
    agent: asyncio.Future[Frames] = loop.create_future()
    ended = asyncio.Event()

    def send(message: FromProgram) -> None:
        agent.result().write(wire.encode(message))

    def connected() -> Frames:
        frames = Frames(
            expected=proof(cookie, "agent"),
            opened=lambda: agent.set_result(frames),
            took=lambda body: serving.took(wire.from_agent(body)),
            lost=lambda _: ended.set(),
        )
        return frames

    serving = Serving(cls, version, send)
    server = await loop.create_unix_server(connected, path)
    _announce(path)
    (await agent).write(proof(cookie, "program"))
    server.close()  # one agent, one connection
    level = os.environ.get(LEVEL, "info").upper()
    logging.basicConfig(level=level, format="%(message)s", handlers=[_ToAgent(send)])
    await ended.wait()
    os._exit(0)  # the agent is gone: nothing is left to be done, and no thread is waited for


def _announce(path: Path) -> None:
    """Print the line of the handshake. What is printed from now on goes to the log, too."""
    sys.stdout.write(line(Address(str(path), "frames")) + "\n")
    sys.stdout.flush()
    os.dup2(2, 1)


class _ToAgent(logging.Handler):
    """Sends what the plugin logs."""

    def __init__(self, send: Callable[[FromProgram], None]) -> None:
        super().__init__()
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        message = Log(
            level_name(record.levelno), cut(self.format(record)), call=getattr(record, CALL, None)
        )
        if threading.get_ident() == self._thread:  # it comes before the answer of its run
            self._send(message)
        else:
            self._loop.call_soon_threadsafe(self._send, message)


if __name__ == "__main__":
    main()
