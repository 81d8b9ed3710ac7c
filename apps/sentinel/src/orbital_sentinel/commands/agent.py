"""`sentinel start | stop | reload | status | tasks`: run the agent, and query a running one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbital_sentinel.commands import completion
from orbital_sentinel.commands.options import STATUSES, ConfigFile, Output
from orbital_sentinel.terminal.output import Format, as_json, complain, say
from orbital_sentinel.terminal.progress import progress

if TYPE_CHECKING:
    from orbital_sentinel.client.client import Client

PAGE = 1000


def start(
    *,
    config: ConfigFile = None,
    last_good: Annotated[
        bool,
        typer.Option(
            "--last-good",
            envvar="SENTINEL_LAST_GOOD",
            help="If the configuration has errors, run on the last one that had none.",
        ),
    ] = False,
) -> None:
    """Collect and deliver, in the foreground, until Ctrl-C or `sentinel stop`."""
    from orbital_sentinel.run.launch import launch

    raise typer.Exit(launch(config, last_good=last_good))


def stop(
    *,
    config: ConfigFile = None,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait until it has stopped; 0: do not wait.", min=0)
    ] = 60,
) -> None:
    """Stop the running sentinel, and wait until it has stopped."""
    from orbital_sentinel.client.locate import client
    from orbital_sentinel.errors import Failure

    agent = client(config)
    agent.post("/api/v1/stop")
    if not wait:
        say("The sentinel was asked to stop.")
        return
    with progress("waiting until running collections end and the last samples are delivered"):
        gone = _gone(agent, wait)
    if not gone:
        raise Failure(f"the sentinel is still stopping after {wait:g} s")
    say("The sentinel has stopped.")


def _gone(agent: Client, patience: float) -> bool:
    """Whether the agent has ended: it removes its socket last."""
    import time

    end = time.monotonic() + patience
    while agent.is_there():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def reload(*, config: ConfigFile = None, output: Output = Format.TEXT) -> None:
    """Reload the configuration of the running sentinel.

    Only what changed is applied. If the new configuration has errors, the old one stays in effect and the
    exit code is 78.
    """
    from orbital_sentinel.client.locate import client

    with progress("the sentinel reads and checks its configuration"):
        told = client(config, timeout=60).post("/api/v1/reload")
    if output is Format.JSON:
        as_json(told)
        return
    if not told["changes"]:
        since = " since the reload that changed this:" if told["last"] else ""
        say(f"nothing changed{since}")
    for line in told["changes"] or told["last"]:
        say(line)


def status(*, config: ConfigFile = None, output: Output = Format.TEXT) -> None:
    """Show the state of the running sentinel: tasks, outputs, waiting samples, and problems."""
    from orbital_sentinel.client.locate import client
    from orbital_sentinel.terminal import agent_report

    told = client(config).get("/api/v1/status")
    if output is Format.JSON:
        as_json(told)
    else:
        agent_report.status(told)


def tasks(
    *,
    config: ConfigFile = None,
    status: Annotated[
        str,
        typer.Option(
            help="Only tasks that are pending, running, success, failed, paused or unusable.",
            autocompletion=completion.statuses,
        ),
    ] = "",
    plugin: Annotated[
        str,
        typer.Option(help="Only tasks of this plugin.", autocompletion=completion.used_plugins),
    ] = "",
    output: Output = Format.TEXT,
) -> None:
    """List the tasks of the running sentinel, and the result of their last run."""
    from orbital_sentinel.client.locate import client
    from orbital_sentinel.terminal import agent_report

    if status and status not in STATUSES:
        raise typer.BadParameter(
            f"{status!r} is not a status of tasks; there is {', '.join(STATUSES)}",
            param_hint="--status",
        )
    agent = client(config)
    found = _all_tasks(agent, {"status": status, "plugin": plugin})
    if output is Format.JSON:
        as_json(found)
    elif not found:
        complain(_none(agent, chosen=bool(status or plugin)))
    else:
        agent_report.tasks(found)


def _none(agent: Client, *, chosen: bool) -> str:
    """The message when there is no task to show."""
    if agent.get("/api/v1/status")["state"] in ("initializing", "registering"):
        return "the sentinel is still starting: its tasks come when their plugins have started"
    return "no such tasks" if chosen else "the sentinel has no tasks"


def _all_tasks(agent: Client, wanted: dict[str, str]) -> list[dict[str, Any]]:
    from urllib.parse import urlencode

    found: list[dict[str, Any]] = []
    while True:
        query = {k: v for k, v in wanted.items() if v} | {"limit": PAGE, "offset": len(found)}
        page = agent.get(f"/api/v1/tasks?{urlencode(query)}")
        found += page["tasks"]
        if not page["tasks"] or len(found) >= page["total"]:
            return found
