"""What each answer of Core means; whatever it is, one of our errors or the data comes out."""

from __future__ import annotations

import json
import random
import re
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbital_gravital.calls.answers import data_of
from orbital_gravital.errors import (
    CoreError,
    CoreMisconfigured,
    CorePanicked,
    CoreRefused,
    CoreTooLarge,
    CoreUnavailable,
    IdentityLost,
    NotThere,
)
from orbital_gravital.tasks.spec import CoreTask, Speaker, Unreadable, entries, read
from orbital_http import Reply


def said(code: int, message: str) -> bytes:
    return json.dumps({"code": code, "message": message}).encode()


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, said(10001, "x"), CoreUnavailable),
        (200, said(40001, "x"), CoreRefused),
        (200, said(20001, "x"), IdentityLost),
        (200, b"<html>login here</html>", CoreUnavailable),
        (200, b"", CoreUnavailable),
        (200, b"[]", CoreUnavailable),
        (400, said(40001, "bad"), CoreRefused),
        (401, said(20001, "no"), IdentityLost),
        (403, b"", IdentityLost),
        (404, b"404 page not found", CoreMisconfigured),
        (404, said(40401, "task not found"), NotThere),
        (413, b"<html>too large</html>", CoreTooLarge),
        (429, b"", CoreUnavailable),
        (500, said(10001, "心跳处理失败: sentinel not found"), IdentityLost),
        (500, said(10001, "上报失败: task not found"), NotThere),
        (500, said(10001, "failed to forward metrics: buffer is full"), CoreUnavailable),
        (500, b"", CorePanicked),
        (502, b"", CoreUnavailable),
        (307, b"", CoreMisconfigured),
        (407, b"", CoreMisconfigured),
    ],
)
def test_each_answer_has_its_class(status, body, error):
    """By status and body: whose fault it is; a 200 whose code is not 0 is no success (B-29)."""
    with pytest.raises(error) as caught:
        data_of(Reply(status, body=body), "POST http://core/x")
    assert type(caught.value) is error
    assert str(caught.value).startswith("POST http://core/x answered")


def test_a_success_gives_its_data_or_nothing():
    """Reports are answered without data."""
    assert data_of(Reply(200, body=b'{"code":0,"data":{"a":1}}'), "x") == {"a": 1}
    assert data_of(Reply(200, body=said(0, "success")), "x") is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = CoreTask.__struct_fields__
task_like = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, anything))
VALID = {
    "code": 0,
    "data": {
        "config_version": 1,
        "tasks": [
            {
                "id": 1, "task_id": "task-1", "device_id": "dev-1", "plugin_name": "probe",
                "device": {"connection_config": {"host": "10.0.0.1", "auth": {"config": {"a": "b"}}}},
                "config": {"host": "10.0.0.1", "timeout": "5s"}, "interval_seconds": 300,
                "timeout_seconds": 30, "retry_count": 3, "priority": 5,
                "next_execution_at": "2026-11-24T20:31:21Z",
            }
        ],
    },
}  # fmt: skip
WRONG = [
    b"null",
    b"true",
    b"-1",
    b"1e999",
    b"9" * 40,
    b'"\\ud800"',
    b"[]",
    b"{}",
    b'""',
    b"[" * 2000,
    b"NaN",
]


def survive(answer: Reply) -> None:
    """It is data, a list of tasks of which each can be read or not, or one of our errors."""
    with suppress(CoreError):
        data_of(answer, "x")
    with suppress(CoreError):
        found, version = entries(answer, "x")
        assert isinstance(version, int)
        for one in map(read, found):
            if not isinstance(one, Unreadable):
                one.fields(Speaker(("snmp", "https"), ())), one.work, one.device_type


@given(st.lists(task_like, max_size=4), st.sampled_from([0, 1, "0", None]))
@settings(max_examples=100, deadline=None)
def test_tasks_with_any_value_in_any_field(tasks, code):
    """A field of another type costs its task alone."""
    survive(Reply(200, body=json.dumps({"code": code, "data": {"tasks": tasks}}).encode()))


def test_ten_thousand_malformed_answers():
    """A true answer with pieces cut, swapped, doubled and overwritten, under any status."""
    chance = random.Random(20261124)
    whole = json.dumps(VALID).encode()
    values = [m.span() for m in re.finditer(rb'(?<=: )("[^"]*"|\d+)', whole)]
    for _ in range(10_000):
        body = whole
        for _ in range(chance.randint(1, 3)):
            match chance.randrange(4):
                case 0:
                    body = body[: chance.randrange(len(body) + 1)]
                case 1:
                    start, stop = chance.choice(values)
                    body = body[:start] + chance.choice(WRONG) + body[stop:]
                case 2:
                    at = chance.randrange(len(body) + 1)
                    body = body[:at] + chance.randbytes(chance.randint(1, 4)) + body[at + 1 :]
                case _:
                    at = chance.randrange(len(body) + 1)
                    body = body[:at] + body[at // 2 :]
        survive(Reply(chance.choice([200, 200, 200, 400, 401, 404, 500, 503, 302]), body=body))
