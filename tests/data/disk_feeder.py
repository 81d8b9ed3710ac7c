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

from orbital_runtime.buffer import DiskBuffer, Limits
from orbital_runtime.clock import SystemClock
from orbital_runtime.sender.policy import DeliveryPolicy, Output
from orbital_runtime.sender.sender import Sender
from orbital_sdk import Writer, WriterConfig, WriterUnavailable
from orbital_sdk.testing import make_batch, make_layout

say = partial(print, flush=True)
POLICY = DeliveryPolicy(
    batch_size=400, flush_interval=0.0, retry_interval=0.02, retry_cap=0.1, breaker_failures=10**6
)


class Post(Writer[WriterConfig]):
    """The numbers of its batches as JSON, one request at a time."""

    name = "post"
    url = ""
    run = ""

    def write(self, batches, attempt):
        body = json.dumps([batch.ts for batch in batches])
        where = urlsplit(self.url)
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=5)
        try:
            connection.request("POST", f"/{self.run}", body)
            status = connection.getresponse().status
        except OSError as error:
            raise WriterUnavailable(str(error)) from error
        finally:
            connection.close()
        if status != 200:
            raise WriterUnavailable(f"status {status}")
        return len(body)


async def main(folder, url, *, first=0, count=10**9, rows=20, drain=True, pause=0.0, **options):
    limits = Limits(samples=None, size=None, policy=options.pop("policy", "drop_oldest"))
    clock = SystemClock()
    buffer = DiskBuffer(folder, limits, clock, **options)
    await buffer.open()
    sender = Sender(buffer, clock=clock)
    writer = Post(WriterConfig())
    writer.url, writer.run = url, str(first)
    await sender.add(Output("sink", writer, POLICY))
    say("open")
    layout = make_layout(rows)
    for number in range(first, first + count):
        await buffer.append(
            [make_batch([number + i / 7 for i in range(rows)], ts=number, layout=layout)]
        )
        say("accepted", number)
        await asyncio.sleep(pause)
    if drain:
        with suppress(TimeoutError):
            async with asyncio.timeout(30):
                while buffer.waiting("sink"):
                    await sender.flush(1)
    await sender.stop()
    await buffer.close()
    account = buffer.ledger.account("sink")
    told = {
        name: getattr(account, name) for name in ("accepted", "delivered", "dropped", "waiting")
    }
    say("ledger", json.dumps(told))


logging.basicConfig(stream=sys.stderr, level=logging.INFO)
asyncio.run(main(**json.loads(sys.argv[1])))
