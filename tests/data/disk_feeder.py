"""Feeds a disk buffer and delivers from it, in a process that tests may kill.

    python disk_feeder.py '{"folder": "...", "url": "http://..."}'

It prints `accepted N` as soon as batch N is accepted, and at the end its ledger as JSON.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import sys
from contextlib import suppress
from functools import partial
from urllib.parse import urlsplit

from orbital_buffer.buffer import disk_buffer
from orbital_buffer.model.limits import BufferLimits, LetterLimits
from orbital_buffer.store.rocks.process.remote import StorageProcess
from orbital_runtime.clock import SystemClock
from orbital_runtime.delivery_policy import DeliveryPolicy
from orbital_runtime.sender.output import Output
from orbital_runtime.sender.sender import Sender
from orbital_sdk import Refused, Writer, WriterConfig, WriterUnavailable, Written
from orbital_sdk.testing import make_batch, make_layout

say = partial(print, flush=True)
POLICY = DeliveryPolicy(
    batch_size=400,
    flush_interval=0.0,
    retry_interval=0.02,
    retry_max_interval=0.1,
    breaker_failures=10**6,
)


class Post(Writer[WriterConfig]):
    """The numbers of its batches as JSON, one request at a time."""

    name = "post"
    url = ""
    run = ""
    refuse = 0
    """Of each so many batches one is refused: a multiple of it."""

    def write(self, batches, attempt):
        bad = [i for i, batch in enumerate(batches) if self.refuse and batch.ts % self.refuse == 0]
        body = json.dumps([batch.ts for i, batch in enumerate(batches) if i not in bad])
        where = urlsplit(self.url)
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
        try:
            connection.request("POST", f"/{self.run}", body)
            status = connection.getresponse().status
        except OSError as error:
            raise WriterUnavailable(str(error)) from error
        finally:
            connection.close()
        if status != 200:
            raise WriterUnavailable(f"status {status}")
        refused = [Refused(i, row, "refused") for i in bad for row in range(len(batches[i]))]
        return Written(len(body), refused)


async def main(
    folder,
    url,
    *,
    others=(),
    first=0,
    count=10**9,
    rows=20,
    drain=True,
    pause=0.0,
    stay=False,
    **options,
):
    limits = BufferLimits(samples=None, size=None, policy=options.pop("policy", "drop_oldest"))
    clock = SystemClock()
    refuse = options.pop("refuse", 0)
    kept = LetterLimits(letters=10**6, size=1 << 30)
    buffer = disk_buffer(folder, limits, clock, letters=kept, stores=StorageProcess(), **options)
    await buffer.open()
    sender = Sender(buffer, clock=clock)
    names = ["sink", *(f"other{number}" for number in range(len(others)))]
    for name, where in zip(names, (url, *others), strict=True):
        writer = Post(WriterConfig())
        writer.url, writer.run, writer.refuse = where, str(first), refuse
        await sender.add(Output(name, writer, POLICY))
    say("open")
    layout = make_layout(rows)
    for number in range(first, first + count):
        await buffer.append(
            [make_batch([number + i / 7 for i in range(rows)], ts=number, layout=layout)]
        )
        say("accepted", number)
        await asyncio.sleep(pause)
    if stay:
        await asyncio.Event().wait()
    if drain:
        with suppress(TimeoutError):
            async with asyncio.timeout(60):
                while any(map(buffer.waiting, names)):
                    await sender.flush(1)
    await sender.stop()
    if refuse:
        say("letters", json.dumps([letter.ts for letter in await buffer.dead_letters.list()]))
    await buffer.close()
    told, *more = (told_of(buffer.ledger.account(name)) for name in names)
    say("ledger", json.dumps(told | ({"others": more} if more else {})))


def told_of(account):
    names = ("accepted", "delivered", "dropped", "waiting", "dead_lettered")
    return {name: getattr(account, name) for name in names}


logging.basicConfig(stream=sys.stderr, level=logging.INFO)
asyncio.run(main(**json.loads(sys.argv[1])))
