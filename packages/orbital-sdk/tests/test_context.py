"""What a run and an attempt are told, and what errors carry."""

import pytest

from orbital_sdk import (
    Attempt,
    AuthenticationFailed,
    CollectError,
    ConfigurationError,
    DeviceUnreachable,
    Metric,
    OrbitalError,
    PartialCollect,
    UnexpectedReply,
    WriteError,
    WriterMisconfigured,
    WriterUnavailable,
)
from orbital_sdk.testing import make_context


def test_the_time_that_is_left_never_goes_below_zero():
    """A plugin hands `ctx.remaining()` to its sockets, which take no negative timeout."""
    assert 0 < make_context(timeout=60).remaining() <= 60
    assert make_context(timeout=-5).remaining() == 0


def test_a_first_attempt_is_number_one():
    """Writers look at `number` to know that an earlier attempt may have arrived."""
    assert Attempt() == Attempt(1, "")


@pytest.mark.parametrize(
    ("error", "base"),
    [
        (ConfigurationError("x", field="a.b"), OrbitalError),
        (DeviceUnreachable("x"), CollectError),
        (AuthenticationFailed("x"), CollectError),
        (UnexpectedReply("x"), CollectError),
        (PartialCollect("x"), CollectError),
        (WriterUnavailable("x"), WriteError),
        (WriterMisconfigured("x"), WriteError),
    ],
)
def test_errors_hang_in_one_tree_and_keep_their_message(error, base):
    """The agent catches by branch and shows the message as it is."""
    assert isinstance(error, base)
    assert isinstance(error, OrbitalError)
    assert str(error) == "x"


def test_errors_carry_what_the_agent_acts_upon():
    """Samples that came, parts that failed, seconds to wait, the field at fault."""
    sample = Metric("m")(1)
    assert PartialCollect("x", failed=3, samples=[sample]).samples == [sample]
    assert PartialCollect("x").failed == 1
    assert DeviceUnreachable("x").samples == ()
    assert WriterUnavailable("x", retry_after=2.5).retry_after == 2.5
    assert ConfigurationError("x", field="a.b").field == "a.b"
