"""All that the SDK's objects have crosses: what is added there is decided here, too."""

import inspect

import pytest

from orbital_sdk import Attempt, Batch, Context, Identity, Layout, Metric, Origin, Row
from orbital_sdk.wire import batches, calls, records

RUN = {"deadline": "remaining", "log": None, "measured": None}
"""Of a run: a clock is one process's own, what is logged crosses as `log`, and what is measured stays in its
process. None -> what is added."""
PART = {"of": None, "start": None}
"""A layout that is a part of another one crosses as one of its own."""
ORIGIN = {"fields": None}
"""Of an origin: fields of a device are for processors, which stay in the agent."""


@pytest.mark.parametrize(
    ("own", "crosses", "other"),
    [
        (Metric, records.Metric, {}),
        (Identity, batches.Identity, {}),
        (Origin, batches.Origin, ORIGIN),
        (Row, batches.Row, {}),
        (Layout, batches.Layout, PART | {None: {"layout"}}),
        (Batch, batches.Batch, {}),
        (Context, calls.Collect, RUN | {None: {"call", "session"}}),
        (Context, calls.Test, RUN | {None: {"call", "session"}}),
        (Attempt, calls.Write, {None: {"call", "instance", "batches", "remaining"}}),
    ],
)
def test_what_an_object_has_crosses(own, crosses, other):
    """A field that a program does not get would be the default there, and nobody would know."""
    given = getattr(own, "__struct_fields__", None) or inspect.signature(own).parameters
    names = {other.get(name, name) for name in given} - {None}
    assert {*crosses.__struct_fields__} == names | other.get(None, set())
