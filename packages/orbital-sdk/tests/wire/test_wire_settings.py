"""Device fields and settings over the border."""

import ipaddress
from datetime import date
from enum import Enum
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, SecretBytes, SecretStr

from orbital_sdk import ByteSize, DeviceFields, Duration, Host, PluginConfig, wire

some = settings(max_examples=50, deadline=None)


class Way(Enum):
    TCP = "tcp"


class Tls(PluginConfig):
    key_password: SecretStr | None = None
    ca_file: Path | None = None


class Device(DeviceFields):
    host: Host = "ups1"
    address: ipaddress.IPv6Address | None = None
    password: SecretStr = SecretStr("")
    pin: SecretBytes | None = None
    timeout: Duration = 5
    most: ByteSize = 1024
    way: Way = Way.TCP
    since: date | None = None
    tls: Tls = Tls()
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    ports: frozenset[int] = frozenset()
    pairs: tuple[tuple[str, float], ...] = ()
    named: str = Field("", alias="as")


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
secrets = texts.map(SecretStr)
devices = st.builds(
    dict,
    address=st.none() | st.ip_addresses(v=6),
    password=secrets,
    pin=st.none() | texts.map(str.encode).map(SecretBytes),
    timeout=st.floats(0, 10**6),
    most=st.integers(0, 2**50),
    since=st.none() | st.dates(),
    tls=st.builds(
        Tls, key_password=st.none() | secrets, ca_file=st.none() | st.just(Path("/etc/ca"))
    ),
    headers=st.dictionaries(texts, secrets, max_size=3),
    ports=st.frozensets(st.integers(-(2**63), 2**63), max_size=3),
    pairs=st.lists(st.tuples(texts, st.floats(allow_nan=False, allow_infinity=False))),
).map(lambda fields: Device.model_validate(fields | {"as": "x"}))


@some
@given(devices)
def test_a_model_makes_the_same_of_what_crossed(device):
    """Secrets in it, in plain text; durations and sizes as people write them."""
    message = wire.calls.Device(1, 2, 3, wire.plain(device))
    (body,) = wire.Bodies().feed(wire.encode(message))
    assert Device.model_validate(wire.from_agent(body).fields) == device


def test_it_is_what_a_user_would_write():
    """And wrote: a program in another language reads the same as a configuration has."""
    given = {"timeout": 5, "most": 1024, "password": "open sesame", "as": "x", "way": Way.TCP}
    shown = {"timeout": "5s", "most": "1KiB", "password": "open sesame", "as": "x", "way": "tcp"}
    assert wire.plain(Device.model_validate(given)) == shown
