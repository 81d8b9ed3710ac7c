"""Ways that do not lead to a server: each has the same words over both protocols, and names `dsn`."""

import threading

import pytest

from orbital_sdk import WriterMisconfigured, WriterUnavailable
from orbital_sdk.testing import make_batch
from orbital_testbench import HostileServer, Relay, free_port
from orbital_writer_clickhouse.dsn import parse_dsn


@pytest.mark.parametrize("scheme", ["http", "tcp"])
async def test_nobody_is_there(connect, scheme, now):
    """Kept, and certainly not stored: nothing listens, or nobody knows the name."""
    for host, words in (
        (f"127.0.0.1:{free_port()}", "refused: nothing listens"),
        ("no.invalid", "name"),
    ):
        write = await connect(f"{scheme}://{host}/d")
        with pytest.raises(WriterUnavailable, match=words) as caught:
            write(make_batch({"m": 1.0}, ts=now))
        assert not caught.value.sent


async def test_a_port_that_swallows_everything(connect, dead_port, now):
    """The native protocol gives up connecting in time."""
    write = await connect(f"tcp://127.0.0.1:{dead_port}/d", connect_timeout="200ms")
    with pytest.raises(WriterUnavailable, match="no answer in time") as caught:
        write(make_batch({"m": 1.0}, ts=now))
    assert not caught.value.sent


async def test_the_other_protocols_port(clickhouse, connect, now):
    """HTTP spoken to the native port, and the reverse: an error that names the place, and nothing hangs."""
    http, native = clickhouse.dsn, clickhouse.native_dsn
    if not native:
        pytest.skip("CLICKHOUSE_NATIVE_DSN is not set")
    swapped = [
        native.replace("tcp://", "http://"),
        "tcp://" + http.partition("://")[2],
    ]
    for dsn in swapped:
        write = await connect(dsn, timeout="500ms")
        with pytest.raises((WriterUnavailable, WriterMisconfigured), match=r"127\.0\.0\.1|://"):
            write(make_batch({"m": 1.0}, ts=now))


async def test_over_tls(database, connect, authority, now):
    """Both protocols; a certificate that nobody vouches for pauses the output."""
    ((host, port),) = parse_dsn(database.dsn).hosts
    with Relay(host, port, certificate=authority.issue()) as relay:
        scheme = "clickhouses" if database.native else "https"
        dsn = f"{scheme}://writer:correct-h%C3%B6rse@127.0.0.1:{relay.port}/{database.name}"
        write = await connect(dsn, tls={"ca_file": str(authority.ca_file)})
        write(make_batch({"m": 1.0}, ts=now))
        stranger = await connect(dsn)
        with pytest.raises(WriterMisconfigured, match="certificate is not accepted"):
            stranger(make_batch({"m": 1.0}, ts=now))
        trusting = await connect(dsn + "?skip_verify=true")
        trusting(make_batch({"m": 2.0}, ts=now))
    assert database.one("SELECT count() FROM {db}.metrics") == 2


@pytest.mark.parametrize("scheme", ["https", "clickhouses"])
async def test_a_certificate_for_another_name(connect, authority, scheme, now):
    """It says what is wrong with it, and which keys to look at."""
    tls = {"ca_file": str(authority.ca_file)}
    with HostileServer(certificate=authority.issue(hosts=["elsewhere.example"])) as server:
        write = await connect(f"{scheme}://127.0.0.1:{server.port}/d", tls=tls)
        with pytest.raises(
            WriterMisconfigured, match=r"mismatch.*look at dsn, or set tls.server_name"
        ):
            write(make_batch({"m": 1.0}, ts=now))


async def test_tls_to_a_port_without(database, connect, now):
    """The advice is the scheme to write; where the server only hangs up, it may also be an outage."""
    scheme, plain = ("tcps", "tcp") if database.native else ("https", "http")
    write = await connect(database.dsn.replace(f"{plain}://", f"{scheme}://"))
    with pytest.raises((WriterMisconfigured, WriterUnavailable), match=f"write {plain}:// in dsn"):
        write(make_batch({"m": 1.0}, ts=now))


async def test_a_call_that_was_given_up_is_in_nobodys_way(database, connect, now):
    """The sender leaves a write that takes too long behind, on its thread: the next one goes out beside it,
    on a connection of its own, and both end well.
    """
    held, go_on = threading.Event(), threading.Event()
    with database.relay() as relay:
        write = await connect(database.dsn_by(relay))
        write(make_batch({"m": 1.0}, ts=now), token="a")

        def hold(direction, data):
            if direction == "request" and not held.is_set():
                held.set()
                go_on.wait(30)
            return False

        relay.cut = hold
        slow = threading.Thread(
            target=write, args=[make_batch({"m": 2.0}, ts=now)], kwargs={"token": "b"}
        )
        slow.start()
        assert held.wait(30)
        write(make_batch({"m": 2.0}, ts=now), attempt=2, token="b")
        go_on.set()
        slow.join(30)
        write(make_batch({"m": 3.0}, ts=now), token="c")
    assert database.query("SELECT metric_value FROM {db}.metrics ORDER BY 1") == [[1], [2], [3]]


@pytest.mark.parametrize("scheme", ["https", "clickhouses"])
async def test_a_file_that_vanishes_is_no_outage(connect, authority, tmp_path, scheme, now):
    """It was there at the start; a person has to put it back, and nothing was sent."""
    copy = tmp_path / "ca.pem"
    copy.write_bytes(authority.ca_file.read_bytes())
    write = await connect(f"{scheme}://127.0.0.1:{free_port()}/d", tls={"ca_file": str(copy)})
    copy.unlink()
    with pytest.raises(WriterMisconfigured, match=r"ca\.pem"):
        write(make_batch({"m": 1.0}, ts=now))
