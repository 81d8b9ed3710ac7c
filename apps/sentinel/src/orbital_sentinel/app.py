"""The command line application: built-in commands, and those of installed packages."""

from __future__ import annotations

from importlib.metadata import entry_points
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

from orbital_sentinel import exit_status
from orbital_sentinel.commands import (
    agent,
    buffer,
    cardinality,
    check,
    collect,
    config,
    explain,
    older,
    plugins,
    service,
    support,
    token,
    top,
    version,
)
from orbital_sentinel.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable

ADDED: Final = "orbital.commands"
"""Entry point group of commands of installed packages, such as `sentinel snmp`: a typer.Typer each."""


RUN: Final = "Run the sentinel"
SEE: Final = "See what it does"
TRY: Final = "Try devices and configurations"
SET_UP: Final = "Set up"
ADDED_PANEL: Final = "Of installed packages"
"""The groups of the list of commands."""

DISCOVER: Final = "discover"
"""The only built-in command whose options depend on installed packages; it is also loaded on demand."""


class Commands(TyperGroup):
    """The built-in commands, and those of installed packages, which are loaded on demand."""

    def list_commands(self, ctx: Any) -> list[str]:
        added = {DISCOVER, *_added()} - set(self.commands)
        return [*super().list_commands(ctx), *sorted(added)]

    def get_params(self, ctx: Any) -> Any:
        params = super().get_params(ctx)
        _without_type(params)
        return params

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command = self._found(ctx, cmd_name)
        if command is not None:
            _plain_flags(command, ctx)
        return command

    def _found(self, ctx: Any, cmd_name: str) -> Any:
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            return command
        if cmd_name == DISCOVER:
            from orbital_sentinel.commands.discover import app as discover

            return _in_panel(typer.main.get_command(discover), TRY)
        return _load(cmd_name) if cmd_name in _added() else None


def _plain_flags(command: Any, ctx: Any) -> None:
    """Let the help of a command, and of those below it, show flags without a type."""
    _without_type([*command.params, command.get_help_option(ctx)])
    for below in getattr(command, "commands", {}).values():
        _plain_flags(below, ctx)


def _without_type(params: Iterable[Any]) -> None:
    for one in params:
        if getattr(one, "is_flag", False) and one.metavar is None:
            one.metavar = ""


def _added() -> set[str]:
    return {entry.name for entry in entry_points(group=ADDED)}


def _load(name: str) -> Any:
    from orbital_runtime.plugins.registry import Registry, Unusable

    try:
        command = typer.main.get_command(Registry.discover().command(name))
    except Unusable as error:
        command = _broken(str(error))
    except Exception as error:  # noqa: BLE001 (third-party code must not break our commands)
        command = _broken(f"command {name!r} is not a typer.Typer: {error}")
    command.name = name
    return _in_panel(command, ADDED_PANEL)


def _in_panel(command: Any, panel: str) -> Any:
    """Put a command into a group of the list, unless its package chose one."""
    command.rich_help_panel = getattr(command, "rich_help_panel", None) or panel
    return command


def _broken(why: str) -> Any:
    """A command that only prints why it cannot be loaded."""
    stub = typer.Typer()

    @stub.command(help=why, context_settings={"ignore_unknown_options": True})
    def fail(_: Annotated[list[str] | None, typer.Argument(hidden=True)] = None) -> None:  # pyright: ignore[reportUnusedFunction] (typer calls it)
        raise Failure(why)

    return typer.main.get_command(stub)


app = typer.Typer(
    name="sentinel",
    cls=Commands,
    help="Orbital Sentinel: polls devices, buffers every sample and delivers it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # errors are shown in one place, exit_status.py
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _root(
    ctx: typer.Context,
    *,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")
    ] = False,
) -> None:
    exit_status.show_tracebacks = debug
    ctx.obj = {
        "version": version_of("orbital-sentinel")
    }  # commands of packages may send it to servers


for panel, commands in {
    RUN: (agent.start, agent.stop, agent.reload, collect.run),
    SEE: (agent.status, explain.explain, top.top, agent.tasks, cardinality.cardinality),
    TRY: (check.validate, collect.trigger),
    SET_UP: (token.token, version.version),
}.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)
app.command("test", rich_help_panel=TRY)(collect.ask)
for command in (older.validate_config, older.list_plugins):
    app.command(hidden=True)(command)
app.command("test-connection", hidden=True)(older.connection)
app.command("support-bundle", rich_help_panel=SEE)(support.support_bundle)
app.add_typer(config.app, name="config", rich_help_panel=SET_UP)
app.add_typer(plugins.app, name="plugins", rich_help_panel=SET_UP)
app.add_typer(service.app, name="service", rich_help_panel=SET_UP)
app.add_typer(buffer.app, name="buffer", rich_help_panel=SEE)
