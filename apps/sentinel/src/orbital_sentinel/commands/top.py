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

    from rich.console import Console
    from rich.live import Live

    from orbital_sentinel.client.locate import client
    from orbital_sentinel.terminal.live import Frames

    console = Console(markup=False, emoji=False, highlight=False)  # texts of others
    frames = Frames(client(config).get)
    if once or not console.is_terminal:
        console.print(frames.next(console.width, console.height))
        return
    with Live(screen=True, auto_refresh=False, console=console) as live:
        try:
            while True:
                live.update(frames.next(console.width, console.height), refresh=True)
                time.sleep(every)
        except KeyboardInterrupt:
            pass
