"""What every writer promises the sender, checked against a destination that answers."""

from __future__ import annotations

import asyncio
import inspect
import math
from array import array
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from orbital_sdk.calling.invoke import call
from orbital_sdk.contract.batch import Batch
from orbital_sdk.contract.context import Attempt
from orbital_sdk.contract.writer import Writer
from orbital_sdk.contract.written import Written, misfit
from orbital_sdk.errors import WriteError, WriterUnavailable
from orbital_sdk.fields import WriterConfig
from orbital_sdk.testing.batches import TS, make_batch, make_layout, make_origin
from orbital_sdk.testing.findings import Findings, check_cancel, check_name
from orbital_sdk.testing.life import Life
from orbital_sdk.testing.model_contract import (
    check_dump,
    check_manifest,
    check_model,
    check_silence,
)
from orbital_sdk.testing.signatures import check_made, check_signatures
from orbital_sdk.testing.stored import Stored, Told
from orbital_sdk.testing.threads import in_thread
from orbital_sdk.testing.wire_contract import check_offer, check_settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence


T = TypeVar("T")

FIRST: Final = TS + 789
"""Milliseconds UTC of the first batch; no round second, which a writer that cuts times would pass."""


async def check_writer(
    make_writer: Callable[[], Writer[Any]],
    *,
    entry_point: bool = True,
    unavailable: Callable[[], Writer[Any]] | None = None,
    stored: Callable[[], Iterable[Stored]] | None = None,
    limit: float = 20.0,
) -> None:
    """The contract suite of writers. Run it in your own tests, against a destination that takes samples.

    Args:
        make_writer: Makes a new writer for that destination at every call.
        entry_point: Whether the package is installed, so that its entry point can be looked for.
        unavailable: Makes a writer whose destination does not answer, if you have one.
        stored: Reads what the destination has, if you can: name, milliseconds UTC and value of each sample.
            Then nothing may be missing of what `write` took, neither infinities nor stale markers nor the
            milliseconds of its times.
        limit: Seconds within which each call has to answer.

    Raises:
        AssertionError: Everything that is wrong, each with what to change.
    """
    found = Findings()
    writer = make_writer()
    cls = type(writer)
    check_name(found, cls, "orbital.writers", entry_point=entry_point)
    fit = check_model(found, cls.config_model, WriterConfig)
    if not (check_signatures(found, cls, Writer) and check_made(found, writer) and fit):
        found.report(cls.__qualname__)
    check_manifest(found, cls)
    check_offer(found, cls)
    check_settings(found, writer.config, "settings")
    secrets = check_dump(found, writer.config)
    found.hide(secrets)
    found.expect(
        writer.address, "address is empty; say where it writes, without user, password and query"
    )
    check_silence(found, secrets, {"address": writer.address, "repr of the writer": repr(writer)})
    await found.attempt("stop() without start()", make_writer().stop())
    told = Told()
    async with Life(found, writer).running() as started:
        if started:
            await _check_writing(found, writer, told, stored, limit)
    if started and stored is not None:
        found.extend(told.missing(await in_thread(stored)))
    if unavailable is not None:
        await _check_unavailable(found, unavailable(), limit)
    found.report(cls.__qualname__)


async def _check_writing(
    found: Findings,
    writer: Writer[Any],
    told: Told,
    stored: Callable[[], Iterable[Stored]] | None,
    limit: float,
) -> None:
    plain = make_batch({"orbital_check": 1.0}, ts=FIRST)
    write = partial(_write, found, partial(_call, writer, limit=limit), told)
    if not await write("an ordinary batch", [plain], must=True):
        return
    await write("a second attempt at it", [plain], number=2)
    before = None if stored is None else await in_thread(stored)
    await _check_connection(found, writer, limit)
    if stored is not None and before is not None:
        found.extend(told.strange(before, await in_thread(stored)))
    for what, batches in _odd_batches():
        if batches[0].stale and not writer.takes_stale_markers:
            continue
        await write(what, batches)
    later = make_batch({"orbital_check": 2.0}, ts=FIRST + 600_000)
    await write("an ordinary batch after all of these", [later], must=True)
    if inspect.iscoroutinefunction(writer.write):
        last = make_batch({"orbital_check": 3.0}, ts=FIRST + 700_000)
        await check_cancel(found, "write()", writer.write([last], Attempt(1, "cancelled")))


def _odd_batches() -> Iterator[tuple[str, Sequence[Batch]]]:
    """What devices and people really make, each at its own time so that order holds."""
    values = {
        "huge": 1.7e308, "tiny": 5e-324, "minus_zero": -0.0, "above_2_53": 2.0**64,
        "plus_inf": math.inf, "minus_inf": -math.inf,
    }  # fmt: skip
    yield "infinite and extreme values", [make_batch(values, ts=FIRST + 60_000)]
    labels = {"empty": "", "text": "grüße, 世界 \U0001f6f0", "quoted": 'a "b" \\ \n {c="d"}'}
    yield (
        "empty and non-ASCII labels",
        [make_batch([("orbital_check", labels, 1.0)], ts=FIRST + 120_000)],
    )
    own = make_batch(
        3, ts=FIRST + 180_000, times=[FIRST + 170_000, FIRST + 175_000, FIRST + 180_000]
    )
    yield "samples with their own times", [own]
    ended = make_batch({"orbital_check": 0}, ts=FIRST + 240_000, stale=True)
    yield "a batch of stale markers", [ended]
    layout = make_layout(241)
    many = [make_batch(241, ts=FIRST + 300_000 + i * 1000, layout=layout) for i in range(5)]
    yield "five batches of one layout", many
    tasks = [
        make_batch(5, ts=FIRST, origin=make_origin(f"task-{i}", device_id=f"d{i}"))
        for i in range(3)
    ]
    yield "batches of several tasks", tasks
    yield "a batch without samples", [Batch(make_layout(0), FIRST, array("d"))]


async def _write(
    found: Findings,
    calling: Callable[[Sequence[Batch], Attempt], Awaitable[object]],
    told: Told,
    what: str,
    batches: Sequence[Batch],
    *,
    must: bool = False,
    number: int = 1,
) -> bool:
    try:
        answer = await calling(batches, Attempt(number, what))
    except _Hangs as hang:
        found.append(f"write() of {what} {hang}")
        return False
    except WriteError as error:
        return found.expect(not must, _needed(what, f"raised {error!r}"))
    except Exception as error:  # noqa: BLE001 (that is the finding)
        found.append(
            f"write() of {what} raised {error!r}; raise WriterUnavailable or WriterMisconfigured"
            " (`from error`) where nothing is known, and else answer"
        )
        return False
    if wrong := misfit(answer, batches):
        found.append(f"write() of {what} {wrong}")
        return False
    if isinstance(answer, Written):
        told.add(what, batches, [(one.batch, one.row) for one in answer.refused])
    taken = isinstance(answer, Written) and not answer.refused
    return found.expect(taken or not must, _needed(what, f"gave {answer!r}"))


def _needed(what: str, came: str) -> str:
    return f"write() of {what} {came}; give check_writer a destination that takes it"


async def _call(
    writer: Writer[Any], batches: Sequence[Batch], attempt: Attempt, *, limit: float
) -> object:
    work = partial(writer.write, batches, attempt)
    return await _within(limit, call(work, run_blocking=in_thread))


class _Hangs(Exception):  # noqa: N818 (reads as what happened)
    """A call did not answer in time."""


async def _within(limit: float, work: Awaitable[T]) -> T:
    """What it gives.

    Raises:
        _Hangs: Nothing, so far.
    """
    time = asyncio.timeout(limit)
    try:
        async with time:
            return await work
    except TimeoutError as error:
        if not time.expired():  # it is the writer's own
            raise
        raise _Hangs(
            f"did not answer within {limit:g} s; give requests a time limit, such as a settings field"
            " `timeout`, which gets the output's"
        ) from error


async def _check_connection(found: Findings, writer: Writer[Any], limit: float) -> None:
    try:
        asking = call(writer.test_connection, run_blocking=in_thread)
        said: object = await _within(limit, asking)
    except NotImplementedError:
        return
    except _Hangs as hang:
        found.append(f"test_connection() {hang}")
        return
    except Exception as error:  # noqa: BLE001 (that is the finding)
        found.append(f"test_connection() raised {error!r}; the destination took a batch before")
        return
    found.expect(
        isinstance(said, str) and said and "\n" not in said,  # pyright: ignore[reportUnnecessaryIsInstance] (an author may return anything)
        f"test_connection() gave {said!r}; say in one line that the destination takes samples",
    )


async def _check_unavailable(found: Findings, writer: Writer[Any], limit: float) -> None:
    batch = make_batch({"orbital_check": 1.0})
    async with Life(found, writer, " while the destination is away").running():
        for what, calling in (
            ("write()", partial(_call, writer, [batch], Attempt(), limit=limit)),
            ("test_connection()", partial(call, writer.test_connection, run_blocking=in_thread)),
        ):
            try:
                gave = f"gave {await calling()!r}"
            except (WriterUnavailable, NotImplementedError):
                continue
            except Exception as error:  # noqa: BLE001 (that is the finding)
                gave = f"raised {error!r}"
            found.append(f"the destination is away and {what} {gave}; raise WriterUnavailable")
