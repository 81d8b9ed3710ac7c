"""Commands of older sentinels: hidden, they print the new name and run that command."""

from __future__ import annotations

from typing import Annotated

import typer

from orbital_sentinel.commands import check, collect, plugins
from orbital_sentinel.commands.options import ConfigFile, Output  # noqa: TC001 (typer reads annotations when it runs)
from orbital_sentinel.terminal.output import Format, complain


def validate_config(*, config: ConfigFile = None, output: Output = Format.TEXT) -> None:
    """Now called `validate`."""
    _renamed("validate-config", "validate")
    check.validate(config=config, output=output)


def list_plugins(*, output: Output = Format.TEXT) -> None:
    """Now called `plugins list`."""
    _renamed("list-plugins", "plugins list")
    plugins.list_(output=output)


def connection(
    *,
    plugin: Annotated[str, typer.Option(help="Name of the plugin.")],
    host: Annotated[str, typer.Option(help="Address or URL.")],
    option: Annotated[list[str] | None, typer.Option("--option", "-o", metavar="KEY=VALUE")] = None,
    config: ConfigFile = None,
    output: Output = Format.TEXT,
) -> None:
    """Now called `trigger PLUGIN HOST`, and `test TASK` for a task of the configuration."""
    _renamed("test-connection", f"trigger {plugin} {host}")
    collect.trigger(plugin, [host], option=option, config=config, output=output)


def _renamed(old: str, new: str) -> None:
    complain(f"note: `sentinel {old}` is now called `sentinel {new}`")
