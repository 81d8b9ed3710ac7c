"""Samples as text, through processors as the configuration names them."""

import re
from dataclasses import replace
from importlib.metadata import entry_points
from itertools import groupby

import pytest

from orbital_sdk import Layout, Row
from orbital_sdk.testing import FakeHost, make_batch, make_origin, process

SAMPLE = re.compile(r"([\w:]+)(?:\{(.*)\})? (\S+)(?: @ (\w+))?")
LABEL = re.compile(r'([\w.]+)="([^"]*)"')
ORIGIN = replace(
    make_origin("task-1", plugin="snmp", device_id="sw1", target="10.0.0.1:161"),
    fields={"host": "10.0.0.1"},
)


def read_row(name, labels, kind="gauge"):
    """The row of a series in text."""
    return Row(
        name, dict(LABEL.findall(labels or "")), "counter" if name.endswith("_total") else kind
    )


def read_batches(text):
    """Batches of samples in text: those that stand together with one time are one batch."""
    lines = [SAMPLE.fullmatch(line).groups() for line in text.splitlines()]
    for time, samples in groupby(lines, lambda line: line[3]):
        given = list(samples)
        layout = Layout(ORIGIN, [read_row(name, labels) for name, labels, _, _ in given])
        ts = round(seconds(time) * 1000)
        yield make_batch([float(value) for *_, value, _ in given], ts=ts, layout=layout)


def seconds(time):
    """90 of `1m30s`."""
    from orbital_sdk.units import parse_duration

    return parse_duration(time or "0s")


def shown(batches, *, timed):
    """The samples of these batches as text."""
    from orbital_sdk.units import format_duration

    for batch in batches:
        for row, ts, value in batch.items():
            labels = ",".join(f'{name}="{text}"' for name, text in row.labels)
            series = f"{row.name}{{{labels}}}" if labels else row.name
            yield f"{series} {value:.15g}" + (f" @ {format_duration(ts / 1000)}" if timed else "")


@pytest.fixture
def run_example():
    """Runs samples through processors; what these gathered comes last."""

    async def run(sections, text):
        batches = list(read_batches(text))
        for section in sections:
            options = {key: value for key, value in section.items() if key != "name"}
            (point,) = entry_points(group="orbital.processors", name=section["name"])
            cls = point.load()
            processor = cls(cls.config_model.model_validate(options))
            await processor.start(FakeHost())
            left = process(processor, *batches)
            batches = [batch for batch in left if len(batch)]
            batches += processor.flush(
                max((b.ts for b in left), default=0) + 86_400_000, last=False
            )
        return [*shown(batches, timed="@" in text)]

    return run
