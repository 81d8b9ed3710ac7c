"""`sentinel run | trigger | test`: collect now."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbital_sdk.text import plural
from orbital_sentinel.commands import completion
from orbital_sentinel.commands.options import ConfigFile, Output  # noqa: TC001 (typer reads annotations when it runs)
from orbital_sentinel.terminal.output import (
    Format,
    as_json,
    as_json_line,
    complain,
    say,
    sentence,
)
from orbital_sentinel.terminal.progress import progress
from orbital_sentinel.terminal.table import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orbital_runtime.model import Run, Task
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings import ProcessorSettings, Settings
    from orbital_sentinel.run.adhoc import Result
    from orbital_sentinel.run.explanation import Explanation
    from orbital_sentinel.trial.run import Verdict

Explain = Annotated[
    bool,
    typer.Option(
        "--explain", help="Show samples before and after the processors, and what each of them did."
    ),
]


def run(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Run every task once, deliver, and exit.")
    ] = False,
    explain: Explain = False,
    config: ConfigFile = None,
    output: Output = Format.TEXT,
) -> None:
    """Collect and deliver in the foreground, or every task once.

    With --once the exit code is 1 if any task failed, or any sample was not delivered.
    """
    from orbital_sentinel.errors import Misuse
    from orbital_sentinel.run.explanation import Explanation
    from orbital_sentinel.run.launch import launch

    if not once:
        if explain:
            raise Misuse("--explain goes with --once, or with `sentinel trigger`")
        raise typer.Exit(launch(config))
    explanation = Explanation() if explain else None
    runs, undelivered = _once(config, explanation)
    if output is Format.JSON:
        as_json([_run(task, run) | _explained(explanation, task) for task, run in runs])
    else:
        columns = ("task", "plugin", "device", "result", "samples", "seconds", "error")
        rows = [_row(task, run) for task, run in runs]
        spare = ("seconds", "plugin", "device", "samples")
        table(columns, rows, spare=spare, below=("error",))
        for task, _ in runs:
            _tell(explanation, task, heading=True)
    for words in undelivered:
        complain(f"error: {words}")
    if undelivered or any(_failed(run) for _, run in runs):
        raise typer.Exit(1)


def _once(
    config: Any, explanation: Explanation | None
) -> tuple[Sequence[tuple[Task, Run]], Sequence[str]]:
    from dataclasses import replace

    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings import load
    from orbital_sentinel.process import loop, resources
    from orbital_sentinel.run import launch

    resources.check()
    registry = Registry.discover()
    loaded = load(config, os.environ, registry=registry)
    if explanation is not None:
        loaded = replace(loaded, processors=explanation.watched(loaded.processors))
    launch.log_to_stderr()
    with progress("running tasks", len(loaded.tasks)) as line:
        waiting = {task.key: None for task in loaded.tasks}

        def ended(task: Task, _: Run) -> None:
            waiting.pop(task.key, None)
            line.trying(f"running {', '.join(waiting)}" if waiting else "delivering")
            line.advance()

        return loop.run(launch.once(loaded, registry, ended))


def _explained(explanation: Explanation | None, task: Task) -> dict[str, Any]:
    """What processors did, for programs; nothing unless asked for."""
    if explanation is None:
        return {}
    from dataclasses import asdict

    steps = [asdict(step) for step in explanation.steps(task.id)]
    return {
        "before": explanation.before(task.id), "steps": steps, "after": explanation.after(task.id),
    }  # fmt: skip


def _tell(explanation: Explanation | None, task: Task, *, heading: bool = False) -> None:
    if explanation is None:
        return
    from orbital_sentinel.terminal import steps_report

    if heading:
        say(f"\n# {task.key}")
    steps_report.show(
        explanation.before(task.id), explanation.steps(task.id), explanation.after(task.id)
    )


def _failed(run: Run) -> bool:
    return str(run.status) == "failed"


def _run(task: Task, run: Run) -> dict[str, Any]:
    return {
        "task": task.key,
        "plugin": task.plugin,
        "device_id": task.device_id,
        "status": str(run.status),
        "up": run.up,
        "samples": run.samples,
        "duration": run.duration,
        "error": run.error,
        "error_kind": run.error_kind,
    }


def _row(task: Task, run: Run) -> tuple[object, ...]:
    result = "failed" if _failed(run) else "ok"
    seconds = f"{run.duration:.3f}"
    return task.key, task.plugin, task.device_id, result, run.samples, seconds, run.error


def trigger(
    plugin: Annotated[
        str,
        typer.Argument(
            help="Name of the plugin; without a HOST, of a task.",
            metavar="PLUGIN|TASK",
            autocompletion=completion.plugins_and_tasks,
        ),
    ],
    hosts: Annotated[
        list[str] | None, typer.Argument(help="HOST, HOST:PORT or a URL.", metavar="HOST")
    ] = None,
    *,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option", "-o", metavar="KEY=VALUE", help="Another field of the device or plugin."
        ),
    ] = None,
    explain: Explain = False,
    in_agent: Annotated[
        bool,
        typer.Option(
            "--in-agent", help="Have the running sentinel run the task, also if it is paused."
        ),
    ] = False,
    config: ConfigFile = None,
    output: Output = Format.TEXT,
) -> None:
    """Collect from these addresses, or for this task, now, and print the samples.

    A task may be one of Gravital Core. Nothing is stored or delivered, and the task of a running sentinel
    stays as it is: with --in-agent that one runs it, delivers its samples, and resumes it if it is paused and
    succeeds. JSON output has one line a host.
    A receiver listens for a moment, and what it receives is printed and discarded. If the running sentinel
    has the receiver's task, it runs the task at once instead, and delivers its samples.
    """
    from orbital_runtime.plugins.registry import Registry
    from orbital_sentinel.client import receivers, runs
    from orbital_sentinel.errors import Misuse
    from orbital_sentinel.process import loop
    from orbital_sentinel.run import adhoc, launch
    from orbital_sentinel.run.explanation import Explanation

    if in_agent and (hosts or explain):
        raise Misuse("--in-agent goes with a TASK, and without --explain")
    registry = Registry.discover()
    explanation = Explanation() if explain else None
    if hosts:
        settings = adhoc.defaults(config, registry)
        tasks = adhoc.ad_hoc_tasks(plugin, hosts, option or [], registry, settings)
    else:
        settings, tasks = _configured(plugin, option, config, registry)
        (task,) = tasks
        if in_agent:
            run = runs.run_in_agent(task, config)
            _show_run(task, run, runs.describe(run), output)
            return
        if run := receivers.trigger_receiver(task, registry, config):
            _show_run(task, run, receivers.describe(run), output)
            return
    launch.log_to_stderr()
    failed: list[Result] = []
    waiting = {task.id: task for task in tasks}
    with progress(_asking(waiting), len(tasks)) as line:

        def show(result: Result) -> None:
            failed.append(result) if _failed(result.run) else None
            del waiting[result.task.id]
            with line.aside():
                _show(result, output, explanation)
            line.advance()
            if waiting:
                line.trying(_asking(waiting))

        watched = () if explanation is None else explanation.watched(_processors(config, registry))
        loop.run(adhoc.collect(tasks, registry, settings, show, watched))
    if failed:
        raise typer.Exit(1)


def _asking(waiting: Mapping[str, Task]) -> str:
    """What is tried: the plugin, the hosts that have not answered yet, and how long they may take."""
    first = next(iter(waiting.values()))
    return f"asking {', '.join(waiting)} by {first.plugin}, {first.timeout:g} s at most"


def _processors(config: Any, registry: Registry) -> Sequence[ProcessorSettings]:
    """Those of the configuration; none where there is no file."""
    from orbital_runtime.settings import load
    from orbital_runtime.settings.source.files import first

    path = config or first(os.environ)
    return load(path, os.environ, registry=registry).processors if path else ()


def _configured(
    name: str, option: Sequence[str] | None, config: Any, registry: Registry
) -> tuple[Settings, Sequence[Task]]:
    """The configured task of this name, and its settings."""
    from orbital_runtime.settings import load
    from orbital_sentinel.errors import Misuse
    from orbital_sentinel.run.selection import select_tasks

    if name in registry.names("plugin"):
        raise Misuse(f"which device? `sentinel trigger {name} HOST`")
    if option:
        raise Misuse("-o goes with PLUGIN and HOST; a task has its fields")
    loaded = load(config, os.environ, registry=registry)
    return loaded.settings, select_tasks([name], loaded, registry)


def _show(result: Result, output: Format, explanation: Explanation | None) -> None:
    task, run = result.task, result.run
    if output is Format.JSON:
        from orbital_sdk.jsontext import number

        samples = [sample | {"value": number(sample["value"])} for sample in result.samples]
        told = {"target": task.id, **_run(task, run), "samples": samples}
        as_json_line(told | _explained(explanation, task))
        return
    how = f"{plural(len(result.samples), 'sample')} in {run.duration:.3f} s"
    how = f"{how}; {run.error}" if run.error and result.samples else run.error or how
    sentence(f"# {task.id}: {how}", "bold red" if _failed(run) else "bold", indent=2)
    if explanation is not None:
        _tell(explanation, task)
        return
    for sample in result.samples:
        labels = ", ".join(_label(k, v) for k, v in sample["labels"].items() if k != "device_id")
        say(f"{sample['name']}{f'{{{labels}}}' if labels else ''} {sample['value']:.12g}")


def _show_run(task: Task, run: Run, words: str, output: Format) -> None:
    """Print a run of the running sentinel, which delivered its samples."""
    if output is Format.JSON:
        as_json_line({"target": task.id, **_run(task, run), "samples": []})
    else:
        say(f"# {task.id}: {words}")
    if _failed(run):
        raise typer.Exit(1)


def _label(name: str, value: str) -> str:
    """A label in Prometheus' text format; control characters from devices are escaped."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{name}="{"".join(c if c.isprintable() else "?" for c in escaped)}"'


def ask(
    names: Annotated[
        list[str],
        typer.Argument(
            help="Ids of tasks, also those of Gravital Core; or files of tests (*.yaml).",
            metavar="TASK|FILE",
            autocompletion=completion.tasks,
        ),
    ],
    *,
    config: ConfigFile = None,
    output: Output = Format.TEXT,
) -> None:
    """Test whether the devices of tasks answer, or run tests of the configuration.

    FILE says which samples come out of given samples, or of a recording of a device: docs/processing.md.

    For a receiver it tests whether it can listen: in the running sentinel if that has the task, else here,
    for a moment and without accepting anything. The exit code is 1 if a test fails.
    """
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings import load
    from orbital_sentinel.client import receivers
    from orbital_sentinel.process import loop
    from orbital_sentinel.run import adhoc, launch
    from orbital_sentinel.run.selection import select_tasks

    if files := [name for name in names if name.endswith((".yaml", ".yml"))]:
        _run_files(names, files, config, output)
        return
    registry = Registry.discover()
    loaded = load(config, os.environ, registry=registry)
    tasks = select_tasks(names, loaded, registry)
    launch.log_to_stderr()

    well: list[bool] = []

    def tell(task: Task, answer: str, *, ok: bool) -> None:
        well.append(ok)
        if output is Format.JSON:
            as_json_line({"task": task.key, "ok": ok, "message": answer})
        else:
            words = f"{task.key}: {'ok' if ok else 'failed'}: {answer}"
            sentence(words, "green" if ok else "red", indent=2)

    async def answers(tasks: Sequence[Task]) -> None:
        with progress(_asking({task.key: task for task in tasks}), len(tasks)) as line:
            async for task, answer, ok in adhoc.test_devices(tasks, registry, loaded.settings):
                with line.aside():
                    tell(task, answer, ok=ok)
                line.advance()

    looks = {task.key: receivers.trigger_receiver(task, registry, config) for task in tasks}
    for task in tasks:
        if run := looks[task.key]:
            tell(task, receivers.describe(run), ok=run.up)
    if others := [task for task in tasks if looks[task.key] is None]:
        loop.run(answers(others))
    if not all(well):
        raise typer.Exit(1)


def _run_files(names: Sequence[str], files: Sequence[str], config: Any, output: Format) -> None:
    """Run files of tests; the exit code is 1 if one fails."""
    from pathlib import Path

    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings import load
    from orbital_sentinel.errors import Misuse
    from orbital_sentinel.process import loop
    from orbital_sentinel.run import launch
    from orbital_sentinel.trial.cases import read_tests
    from orbital_sentinel.trial.run import run_tests

    if len(files) < len(names):
        raise Misuse("tasks and files of tests are tested one after the other")
    registry = Registry.discover()
    launch.log_to_stderr()
    verdicts: list[Verdict] = []
    for file in files:
        tests = read_tests(Path(file))
        loaded = load(tests.configuration or config, os.environ, registry=registry)
        verdicts += loop.run(run_tests(tests, loaded, registry))
    if output is Format.JSON:
        as_json([_verdict(one) for one in verdicts])
    else:
        _tell_verdicts(verdicts)
    if not all(one.passed for one in verdicts):
        raise typer.Exit(1)


def _verdict(one: Verdict) -> dict[str, Any]:
    return {
        "name": one.name, "place": one.place, "passed": one.passed, "difference": one.difference,
    }  # fmt: skip


def _tell_verdicts(verdicts: Sequence[Verdict]) -> None:
    for one in verdicts:
        say(f"{'ok' if one.passed else 'failed'}: {one.place}: {one.name}")
        for line in one.difference:
            say(f"  {line}")
    failed = sum(not one.passed for one in verdicts)
    if failed:
        say("(-: expected, and did not come; +: came, and was not expected)")
    say(f"{len(verdicts) - failed} passed, {failed} failed")
