"""`sentinel snmp learn`: a task for a device, and what it will cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from orbital_plugin_snmp.commands.options import (
    Host,  # noqa: TC001 (typer reads them at run time)
    How,  # noqa: TC001 (as above)
)
from orbital_plugin_snmp.commands.tasks import as_yaml, task_of

if TYPE_CHECKING:
    from orbital_plugin_snmp.polling.learning import Learnt

DAY: Final = 86_400
LIMIT: Final = 1_000_000
"""Samples of a run, and series of a task, that an agent keeps unless `collector.limits` says otherwise."""
FAST: Final = 10
"""Seconds of the interval that costs are told for in any case."""
BEHIND: Final = 1.5e-6
"""Seconds of a processor that a sample costs behind the plugin: docs/performance.md."""


def learn(
    host: Host,
    *,
    interval: Annotated[int, typer.Option("--interval", "-i", help="Seconds between polls.")] = 10,
    how: How,
) -> None:
    """Examine a device, and print a task for it and its cost.

    The task goes to standard output, the cost to standard error. Secrets are left to the environment.
    """
    from orbital_plugin_snmp.commands.asking import ask, place  # noqa: PLC0415 (only now)
    from orbital_plugin_snmp.polling.learning import learn as look  # noqa: PLC0415 (as above)

    learnt = ask(host, how, look)
    where = place(host)
    called = learnt.name or str(where["host"])
    task = task_of(where, how, called=called, profiles=learnt.profiles, interval=interval)
    typer.echo(as_yaml([task]), nl=False)
    typer.echo(cost_of(learnt, interval), err=True)


def cost_of(learnt: Learnt, interval: int) -> str:
    """What one poll costs, and all of them at this interval and at a fast one."""
    packets, values = learnt.cost.packets, learnt.cost.values
    got = f"{learnt.samples} samples out of {values} values in {packets} requests"
    tables = ", ".join(f"{name} {rows}" for name, rows in learnt.tables.items())
    lines = [
        f"{learnt.name or 'a device without a name'}, sysObjectID {learnt.sysobjectid or 'unknown'}",
        f"rows: {tables or 'no tables'}",
        f"a poll: {got}, {learnt.seconds:.2f} s",
        *(_every(learnt, seconds) for seconds in dict.fromkeys((interval, FAST))),
    ]
    if learnt.seconds > interval / 2:
        lines.append(
            f"that is more than half of the interval: take fewer profiles, or more than {interval} s"
        )
    if learnt.samples > LIMIT:
        lines.append(
            f"that is more than the {LIMIT:,} samples of a run that an agent keeps by default: raise"
            " collector.limits.samples_per_run and series_per_task, or let the task read less (fewer"
            " profiles, or rows chosen by `where` in a profile of your own)"
        )
    return "\n".join([*lines, *(f"missing: {problem}" for problem in learnt.problems)])


def _every(learnt: Learnt, interval: int) -> str:
    samples = learnt.samples
    cpu = 100 * (learnt.cpu + samples * BEHIND) / interval
    return (
        f"every {interval} s: {learnt.cost.packets / interval:.1f} requests and"
        f" {samples / interval:.0f} samples a second, {samples * DAY / interval / 1e6:.1f} million"
        f" samples a day, about {cpu:.2g} % of a processor like this one"
    )
