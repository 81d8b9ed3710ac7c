"""The API answers for tasks, devices, outputs, values and the agent, and its document describes all of it."""

from __future__ import annotations

import asyncio
import re

import pytest
import yaml

from orbital_console.api.document import AGENT, document
from orbital_console.api.operation import Operation
from orbital_runtime.settings import SettingsError
from orbital_runtime.telemetry.api.routes import public
from orbital_runtime.telemetry.metrics.exposition import Metrics
from orbital_runtime.telemetry.server.connections import ConnectionLimits, Connections

READ = "/api/v1/"


async def test_a_task_comes_with_its_runs_and_their_phases(site):
    """State, explanation, and what each run did: the engine's phases, and what the plugin told."""
    found = (await site.get(f"{READ}tasks/good")).data
    (run,) = found["explanation"]["runs"]
    assert (found["state"] if "state" in found else found["status"], run["ok"]) == ("success", True)
    assert list(run["measured"]) == [
        "open_seconds", "knock_seconds", "requests", "collect_seconds", "store_seconds",
    ]  # fmt: skip
    assert run["measured"]["knock_seconds"] == 0.001
    assert (await site.get(f"{READ}tasks/nix")).status == 404


async def test_devices(site):
    """Each device with its worst state; one of them with tasks and neighbours."""
    found = {one["name"]: one for one in (await site.get(f"{READ}devices")).data}
    assert {name: one["state"] for name, one in found.items()} == {
        "gate": "ok",
        "gate/<b>": "failing",
    }
    assert found["gate/<b>"]["wrong"] == 1
    one = (await site.get(f"{READ}devices/gate")).data
    assert [task["subject"] for task in one["tasks"]] == ["task good"]
    assert one["neighbours"] == [
        {"device": "gate", "port": "eth0", "neighbour": "gate/<b>", "neighbour_port": "port <1>"}
    ]
    assert (await site.get(f"{READ}devices/nix")).status == 404


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("match=door_open", ["door_open"]),
        ("match=%7Blocal_interface%3D%22eth0%22%7D", ["door_neighbor"]),
        ("match=%7Blocal_interface%21%3D%22eth0%22%7D&device=gate", ["door_open"]),
        ("task=good&limit=0", []),
        ("device=gate/%3Cb%3E", []),
        ("match=door_open&since=9999999999999", []),
    ],
)
async def test_series_are_selected(site, query, names):
    """By selector, task and device, no more than asked for."""
    found = (await site.get(f"{READ}series?{query}")).data
    assert [one["name"] for one in found if one["name"].startswith("door")] == names


async def test_query_range(site):
    """The last value of each step within the window."""
    now = site.agent.clock.utc_ms()
    await site.agent.stations.scheduler.trigger("good")
    route = f"{READ}query_range?match=door_open"
    ((points),) = [one["points"] for one in (await site.get(route)).data]
    assert [value for _, value in points] == [1, 1]
    (one,) = (await site.get(f"{route}&step=9000000000000")).data
    assert len(one["points"]) == 1
    assert (await site.get(f"{route}&start={now + 10**9}")).data == []


@pytest.mark.parametrize(
    "query",
    [
        "series?match=%7B",
        "series?match=a%3D~b",
        "query_range?step=-1",
        "log?level=loud",
        "log?lines=x",
    ],
)
async def test_what_is_no_query_is_refused(site, query):
    """400, with what is wrong."""
    reply = await site.get(READ + query)
    assert (reply.status, bool(reply.data["error"])) == (400, True)


async def test_reloads_are_remembered_with_who_and_what(site):
    """Applied and refused ones, the newest first."""
    path = site.agent.loaded.path
    settings = yaml.safe_load(path.read_text())
    settings["tasks"][0]["interval"] = "2h"
    path.write_text(yaml.safe_dump(settings))
    await site.agent.reload()
    path.write_text("tasks: 7")
    with pytest.raises(SettingsError):
        await site.agent.reload("file")
    refused, applied = (await site.get(f"{READ}reloads")).data
    assert (applied["by"], applied["problems"]) == ("command", [])
    assert "good" in applied["changes"][0]
    assert (refused["by"], refused["changes"]) == ("file", [])
    assert "tasks" in refused["problems"][0]


async def test_log_and_configuration_hold_no_secret(site):
    """Lines of a level, the newest first; the configuration in effect."""
    import logging

    logging.getLogger("orbital.test").warning("login with password=hunter2 failed %s", "<b>")
    lines = (await site.get(f"{READ}log?level=warning&lines=1")).data
    assert [line["level"] for line in lines] == ["warning"]
    assert "failed <b>" in lines[0]["text"]
    assert "hunter2" not in (await site.get(f"{READ}log")).text
    settings = (await site.get(f"{READ}configuration")).data
    assert [task["id"] for task in settings["tasks"]] == ["good", "bad"]


async def test_outputs_over_time(site):
    """Backlog and changes as they were recorded, and the last requests."""
    site.console.record()
    site.console.record()
    names = [one["name"] for one in (await site.get(f"{READ}outputs")).data]
    for name in names:
        found = (await site.get(f"{READ}outputs/{name}")).data
        assert len(found["points"]) >= 2
        assert len(found["changes"]) >= 1
    assert (await site.get(f"{READ}outputs/nix")).status == 404
    assert "plugin door" in (await site.get(f"{READ}flow")).data


async def test_events_are_streamed(site):
    """A client hears what changes, and after a break what it missed."""
    host, port = site.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 0\r\n\r\n")
    async with asyncio.timeout(20):
        first = await reader.readuntil(b"does not answer")
        assert b"text/event-stream" in first
        assert b"event: task" in first
        site.console.events.publish("reload", by="test")
        assert b"event: reload" in await reader.readuntil(b'"test"')
        site.console.events.close()
        await reader.readuntil(b"0\r\n\r\n")
    writer.close()


async def test_streams_are_few(site):
    """Beyond a number of streams a client is asked to come again; the socket has room for others."""
    site.console.events._clients = 16
    reply = await site.get(f"{READ}events")
    assert (reply.status, reply.headers["retry-after"]) == (503, "10")


async def test_the_document_has_every_route(site):
    """Each route under `/api/v1` that HTTP clients are served is described, and nothing else."""
    sources = site.agent.sources
    app = public(sources, Metrics(sources, Connections(ConnectionLimits())), None)
    served = {
        re.sub(":path", "", route.path) for route in app.routes if route.path.startswith(READ)
    }
    described = (await site.get(f"{READ}openapi.json")).data["paths"]
    assert served - {f"{READ}openapi.json", f"{READ}events"} == described.keys()


def test_types_of_answers_are_in_the_document():
    """Structures are components that operations refer to."""
    found = document([Operation("/api/v1/x/{name:path}", "X", list[int], refusals=(404,))])
    assert set(found["paths"]) == {
        *(re.sub(":path", "", one.path) for one in AGENT),
        "/api/v1/x/{name}",
    }
    operation = found["paths"]["/api/v1/x/{name}"]["get"]
    assert operation["parameters"][0]["required"] is True
    assert set(operation["responses"]) == {"200", "404"}
