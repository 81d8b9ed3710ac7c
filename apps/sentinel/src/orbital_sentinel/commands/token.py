"""`sentinel token`: what HTTP clients need who change something, or who are not on this machine."""

from __future__ import annotations

from orbital_sentinel.commands.options import ConfigFile  # noqa: TC001 (typer reads annotations when it runs)
from orbital_sentinel.terminal.output import say


def token(*, config: ConfigFile = None) -> None:
    """Print the token for HTTP requests to the running sentinel: `Authorization: Bearer TOKEN`.

    Browsers ask for a user name and a password: any name, and the token.
    """
    from orbital_sentinel.client.locate import client

    say(client(config).get("/api/v1/token")["token"])
