"""Room for what is to come: a second kind of record and another field, within contract 1."""

import msgspec

from orbital_sdk import Metric, wire
from orbital_sdk.wire.form import Form, Message
from orbital_sdk.wire.records import Samples, Table


class Event(Form):
    ts: int
    name: str
    severity: str
    text: str
    attributes: dict[str, str]


class Events(Form, tag_field="kind", tag="events"):
    events: tuple[Event, ...]


class Collected(Message):
    """As an SDK of tomorrow has it."""

    call: int
    records: tuple[Table | Samples | Events, ...] = ()
    took: float = 0.0


TOMORROW = msgspec.msgpack.Decoder(Collected)


def body_of(message):
    (body,) = wire.Bodies().feed(wire.encode(message))
    return body


def test_a_program_of_today_is_understood_tomorrow():
    """What it says has no field and no kind that came later."""
    records = wire.Outgoing().packed([Metric("up")(1)])
    told = TOMORROW.decode(body_of(wire.answers.Collected(4, records)))
    assert (told.call, told.records, told.took) == (4, records, 0.0)


def test_a_program_of_tomorrow_is_understood_today():
    """A field that is not known is passed over; a kind is sent to nobody who did not say that it knows it."""
    records = wire.Outgoing().packed([Metric("up")(1)])
    told = wire.from_program(body_of(Collected(4, records, 0.25)))
    assert told == wire.answers.Collected(4, records)


def test_events_stand_beside_samples_in_one_answer():
    """In the order of the list, as tables and samples do."""
    event = Event(1_700_000_000_000, "link_down", "major", "port 7 is down", {"port": "7"})
    records = (*wire.Outgoing().packed([Metric("up")(1)]), Events((event,)))
    assert TOMORROW.decode(body_of(Collected(4, records))).records == records
