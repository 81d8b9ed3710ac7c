"""Explains the outputs of a stopped agent, from its configuration and the buffer on disk."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import msgspec

from orbital_buffer.model.errors import BufferUnusable
from orbital_console.explain.advice import for_output
from orbital_console.explain.explanation import Explanation
from orbital_runtime.settings import SettingsError, load
from orbital_sdk.text import plural
from orbital_sentinel.buffer.access import stopped_buffer
from orbital_sentinel.errors import Failure
from orbital_sentinel.terminal.wording import span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orbital_buffer.inspection.snapshot import OutputBook
    from orbital_sentinel.client.client import NotRunning

View = dict[str, Any]


def explain_stopped(config: Path | None, name: str, silent: NotRunning) -> list[View]:
    """Explanations in the form of the API.

    Args:
        config: The configuration file; None to search for one.
        name: An output; empty: the agent and all outputs.
        silent: Why no agent answers.

    Raises:
        Failure: There is no output of this name, so only an agent could tell.
        NotRunning: One may run: it does not answer, or belongs to another user.
    """
    if not isinstance(silent.__cause__, FileNotFoundError | ConnectionRefusedError):
        raise silent
    found = list(_outputs(config, silent))
    if name:
        found = [one for one in found if one.subject == f"output {name}"]
        if not found:
            raise Failure(
                f"{silent}; without one, only what waits for its outputs is known"
            ) from silent
    return [msgspec.to_builtins(one) for one in (_agent(config, silent), *found)]


def _agent(config: Path | None, silent: NotRunning) -> Explanation:
    try:
        load(config, os.environ)
    except SettingsError as error:
        return Explanation(
            subject="sentinel",
            state="failing",
            summary=f"{silent}, and its configuration has errors: {error.problems[0]}",
            advice=(
                "`sentinel validate` lists the errors; correct them, and start it",
                "`sentinel start --last-good` runs on the last configuration without errors until then",
            ),
        )
    return Explanation(
        subject="sentinel",
        state="failing",
        summary=str(silent),
        advice=(
            "start it: `systemctl start orbital-sentinel`, or `sentinel start`",
            "if it ended by itself, its log says why: `journalctl -u orbital-sentinel`",
        ),
    )


def _outputs(config: Path | None, silent: NotRunning) -> Iterator[Explanation]:
    try:
        with stopped_buffer(config, silent) as directory:
            yield from [_output(book) for book in directory.books().outputs]
    except (BufferUnusable, Failure, SettingsError) as why:
        yield Explanation(subject="buffer", state="failing", summary=str(why))


def _output(book: OutputBook) -> Explanation:
    letters = {"dead letters": book.letters} if book.letters else {}
    waits = plural(book.waiting, "sample waits", "samples wait")
    since = book.oldest_ms
    oldest = "" if since is None else f", the oldest for {span(time.time() - since / 1000)}"
    return Explanation(
        subject=f"output {book.name}",
        state="waiting",
        summary=f"{waits} on disk{oldest}: delivery goes on when the sentinel runs",
        left_out={**letters, **{name: n for name, n in book.dropped.items() if n}},
        advice=for_output("letters", output=book.name) if book.letters else (),
    )
