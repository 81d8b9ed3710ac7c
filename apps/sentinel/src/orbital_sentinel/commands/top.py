"""`sentinel top`: tasks and outputs of the running sentinel, live."""

from __future__ import annotations

from typing import Annotated

import typer

from orbital_sentinel.commands.options import ConfigFile  # noqa: TC001 (typer reads annotations when it runs)


def top(
    *,
    config: ConfigFile = None,
    every: Annotated[float, typer.Option(help="Seconds between updates.", min=0.2)] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Print one screen and exit.")] = False,
) -> None:
    """Show tasks, outputs and rates live, what is wrong first. Ctrl-C ends it."""
    import time
    from contextlib import suppress

    from rich.live import Live
    from rich.text import Text

    from orbital_sentinel.client.client import NotRunning
    from orbital_sentinel.client.locate import client
    from orbital_sentinel.terminal.live import Frames
    from orbital_sentinel.terminal.output import terminal

    console = terminal()
    frames = Frames(client(config).get)
    if once or not console.is_terminal:
        console.print(frames.next(console.width, console.height))
        return
    with (
        Live(screen=True, auto_refresh=False, console=console) as live,
        suppress(KeyboardInterrupt),
    ):
        while True:
            try:
                live.update(frames.next(console.width, console.height), refresh=True)
            except NotRunning as silent:  # it may be started again
                live.update(Text(f"{silent}; asking again", "bold red"), refresh=True)
            time.sleep(every)
