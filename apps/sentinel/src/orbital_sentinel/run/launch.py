"""Starts the agent in this process."""

from __future__ import annotations

import logging
import os
import signal
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING

from orbital_runtime.agent.agent import Agent
from orbital_runtime.agent.last_good import load_last_good
from orbital_runtime.agent.once import once as run_once
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import SettingsError, load, samples_file
from orbital_runtime.telemetry import systemd
from orbital_runtime.telemetry.logs import setup
from orbital_runtime.telemetry.logs.setup import utc
from orbital_sentinel.errors import Failure
from orbital_sentinel.process import descriptors, garbage, heap, loop, resources
from orbital_sentinel.run.preview import previews
from orbital_sentinel.terminal.output import complain, say

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orbital_runtime.model import Run, Task
    from orbital_runtime.settings import Loaded


def launch(config: Path | None, *, last_good: bool = False) -> int:
    """Run the agent until it is stopped. Returns the exit code.

    Args:
        config: The configuration file; None to search for one.
        last_good: Run on the last good configuration if the file has errors.
    """
    os.umask(0o077)  # files are readable by their owner only
    descriptors.allow()
    resources.check()
    heap.keep()
    garbage.settle()
    registry = Registry.discover()
    try:
        loaded = _load(config, registry, last_good=last_good)
    except SettingsError as error:
        systemd.bad_configuration(error.problems, os.environ)
        raise
    if loaded.path is None:
        with suppress(OSError):  # stdout may be closed
            _introduce(loaded, registry)
    _begin_logging(loaded)
    _warn_of_fallback(loaded)

    async def agent() -> int:
        return await Agent(loaded, registry, version=version("orbital-sentinel")).run()

    for each in (signal.SIGINT, signal.SIGTERM):
        # The agent handles signals itself; after its end none is needed.
        signal.signal(each, signal.SIG_IGN)
    return loop.run(agent(), alone=False)


def _load(config: Path | None, registry: Registry, *, last_good: bool) -> Loaded:
    try:
        return load(config, os.environ, registry=registry)
    except SettingsError as error:
        if not last_good:
            raise
        return load_last_good(config, os.environ, registry, error)


def _warn_of_fallback(loaded: Loaded) -> None:
    log = logging.getLogger("orbital.agent")
    if loaded.fallback is not None:
        for problem in loaded.fallback.problems:
            log.error("%s", problem)
        log.error(
            "the configuration has errors: the last good one, of %s, is in effect until they are corrected",
            utc(loaded.fallback.kept_ms / 1000),
        )


async def once(
    loaded: Loaded, registry: Registry, on_run: Callable[[Task, Run], None]
) -> tuple[list[tuple[Task, Run]], list[str]]:
    """Run every task once and deliver. Returns the runs, and messages about samples not delivered."""
    agent = Agent(loaded, registry, version=version("orbital-sentinel"))
    return await run_once(agent, on_run)


def log_to_stderr() -> None:
    """Log warnings to stderr, so that stdout has only the result."""
    setup.to_terminal("warning")


def _begin_logging(loaded: Loaded) -> None:
    section = loaded.settings.logging
    try:
        setup.configure(section)
    except OSError as error:
        raise Failure(f"logging.file_path: {section.file_path}: {error.strerror}") from error
    if section.output == "file":
        for note in loaded.notes:
            complain(f"note: {note}")
        with suppress(OSError):  # stdout may be closed
            say(f"The log is in {section.file_path}")
    if loaded.path is not None:
        logging.getLogger("orbital.agent").info("configuration: %s", loaded.path)


def _introduce(loaded: Loaded, registry: Registry) -> None:
    """Print in three lines what happens without a configuration file."""
    for _, preview in previews(loaded, registry):
        say(f"There is no configuration file, so this sentinel will {preview.role}. Ctrl-C stops.")
        return
    every = ", ".join(f"{task.id} every {task.interval:g} s" for task in loaded.tasks)
    say(f"There is no configuration file, so the built-in one runs: {every}.")
    say(f"Samples go to {samples_file(os.environ)} as JSON lines. Ctrl-C stops.")
    say("Make a configuration of your own with `sentinel config init`, then start again.")
