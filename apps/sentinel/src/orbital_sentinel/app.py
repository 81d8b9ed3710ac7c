"""The command line application: built-in commands, and those of installed packages."""

from __future__ import annotations

from importlib.metadata import entry_points
from importlib.metadata import version as version_of
from typing import Annotated, Any, Final

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
    top,
    version,
)
from orbital_sentinel.errors import Failure

ADDED: Final = "orbital.commands"
"""Entry point group of commands of installed packages, such as `sentinel snmp`: a typer.Typer each."""


DISCOVER: Final = "discover"
"""The only built-in command whose options depend on installed packages; it is also loaded on demand."""


class Commands(TyperGroup):
    """The built-in commands, and those of installed packages, which are loaded on demand."""

    def list_commands(self, ctx: Any) -> list[str]:
        added = {DISCOVER, *_added()} - set(self.commands)
        return [*super().list_commands(ctx), *sorted(added)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            return command
        if cmd_name == DISCOVER:
            from orbital_sentinel.commands.discover import app as discover

            return typer.main.get_command(discover)
        return _load(cmd_name) if cmd_name in _added() else None


def _added() -> set[str]:
    return {entry.name for entry in entry_points(group=ADDED)}


def _load(name: str) -> Any:
    from orbital_runtime.plugins.registry import Registry, Unusable

    try:
        command = typer.main.get_command(Registry.discover().command(name))
    except Unusable as error:
        command = _broken(str(error))
    except Exception as error:  # noqa: BLE001 (third-party code must not break our commands)
        command = _broken(f"command {name!r} is no typer.Typer: {error}")
    command.name = name
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


for command in (
    agent.start,
    agent.stop,
    agent.reload,
    agent.status,
    agent.tasks,
    cardinality.cardinality,
):
    app.command()(command)
for command in (explain.explain, top.top):
    app.command()(command)
for command in (collect.run, check.validate, collect.trigger, version.version):
    app.command()(command)
app.command("test")(collect.ask)
for command in (older.validate_config, older.list_plugins):
    app.command(hidden=True)(command)
app.command("test-connection", hidden=True)(older.connection)
app.add_typer(plugins.app, name="plugins")
app.add_typer(config.app, name="config")
app.add_typer(buffer.app, name="buffer")
