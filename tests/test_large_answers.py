"""Targets whose answers are too large cost memory only while they are read."""

from __future__ import annotations

import asyncio
import gc
import gzip

from orbital_runtime.agent.agent import Agent
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import load
from orbital_testbench import Answer, eventually


async def test_a_refused_answer_is_gone_with_its_run(sentinel, hostile_server):
    """No circle keeps it: all garbage is looked at rarely, and each answer may have megabytes."""
    bomb = gzip.compress(bytes(100 << 20), 1)
    hostile_server.default = Answer(200, {"Content-Encoding": "gzip"}, bomb)
    sentinel.configure(
        sender={"direct": {"file": {"path": str(sentinel.folder / "samples.jsonl")}}},
        tasks=[
            {
                "id": "big",
                "plugin": "http",
                "interval": "100ms",
                "config": {"url": hostile_server.url},
            }
        ],
    )
    registry = Registry.discover(sentinel.environ)
    loaded = load(sentinel.config, sentinel.environ, registry=registry)
    agent = Agent(loaded, registry, environ=sentinel.environ)
    await agent.start()
    try:
        await asyncio.to_thread(hostile_server.wait_for_requests, 3)
        gc.collect()
        gc.disable()
        seen = len(hostile_server.requests)
        await eventually(lambda: len(hostile_server.requests) > seen + 5)
        found = gc.collect()
    finally:
        gc.enable()
        await agent.stop()
    assert found < 20  # six runs that stay leave more than 150
