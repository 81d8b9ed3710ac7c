"""Refusals, outages and cut connections, and what our sender is told of each."""

import random

import pytest

from orbital_sdk import Refusal, WriterMisconfigured, WriterUnavailable
from orbital_sdk.testing import make_batch, make_layout
from orbital_testbench import Answer, CutAnswer, NoAnswer, free_port
from orbital_writer_clickhouse import ClickHouse, ClickHouseConfig
from orbital_writer_clickhouse.refusals import InsertRefused, refused


async def test_a_server_that_is_down_at_start_is_waited_for(database, connect, now):
    """Defect B-19 (writer never created): nothing is contacted at start, and samples arrive when it is up."""
    with database.relay() as relay:
        relay.refuse()
        write = await connect(database.dsn_by(relay))
        for _ in range(2):
            with pytest.raises(WriterUnavailable, match="refused") as caught:
                write(make_batch({"m": 1.0}, ts=now), token="a")
            assert not caught.value.sent
        relay.listen()
        write(make_batch({"m": 1.0}, ts=now), token="a")
    assert database.one("SELECT count() FROM {db}.metrics") == 1


async def test_an_answer_that_is_lost_doubles_nothing(database, connect, now):
    """Stored, and cut before we know: the second attempt under the same token adds no row."""
    with database.relay() as relay:
        write = await connect(database.dsn_by(relay))
        layout = make_layout(50)
        write(make_batch(50, layout=layout, ts=now), token="first")
        chance, often = (
            random.Random(1),
            0.03 if database.native else 0.25,
        )  # natively more pieces pass
        relay.cut = lambda direction, data: chance.random() < often
        for n in range(40):
            batch = make_batch(50, layout=layout, ts=now + n)
            attempt = 1
            while True:
                try:
                    write(batch, attempt=attempt, token=f"log:{n}")
                    break
                except WriterUnavailable:
                    attempt += 1
        assert relay.cuts > 10
    assert database.one("SELECT count() FROM {db}.metrics") == 41 * 50


async def test_the_same_samples_under_another_token_are_new_samples(database, connect, now):
    """The token decides, not the rows: a device may report the same twice."""
    write = await connect(database.dsn)
    for token in ("a", "a", "b"):
        write(make_batch({"m": 1.0}, ts=now), token=token)
    assert database.one("SELECT count() FROM {db}.metrics") == 2


async def test_a_lost_answer_may_have_been_stored(database, connect, now):
    """Cut after the request: `sent` says so."""
    with database.relay() as relay:
        write = await connect(database.dsn_by(relay))
        write(make_batch({"m": 1.0}, ts=now))
        asked = []

        def cut(direction, data):
            asked.append(b"INSERT" in data)
            return direction == "answer" and any(asked)

        relay.cut = cut
        with pytest.raises(WriterUnavailable, match=r"closed|reset") as caught:
            write(make_batch({"m": 2.0}, ts=now))
        assert caught.value.sent


async def test_another_host_takes_over(database, connect, now):
    """Of several hosts in a DSN the next one is tried when one does not answer."""
    with database.relay() as relay:
        working = f"127.0.0.1:{relay.port}"
        dsn = database.dsn_by(relay).replace(working, f"127.0.0.1:{free_port()},{working}")
        write = await connect(dsn)
        with pytest.raises(WriterUnavailable):
            write(make_batch({"m": 1.0}, ts=now))
        write(make_batch({"m": 1.0}, ts=now))
    assert database.one("SELECT count() FROM {db}.metrics") == 1


async def test_a_server_that_hangs(hostile_server, connect, now):
    """No answer in time is an outage, and the next request goes out on a new connection."""
    hostile_server.default = NoAnswer()
    write = await connect(f"http://127.0.0.1:{hostile_server.port}/d", timeout="200ms")
    with pytest.raises(WriterUnavailable, match="in time"):
        write(make_batch({"m": 1.0}, ts=now))


async def test_wrong_passwords_and_databases(database, connect, now):
    """A thing for a person: named, with what to look at, and without the password."""
    write = await connect(database.nobodys_dsn, username="writer", password="wrong-secret")
    with pytest.raises(WriterMisconfigured, match="user and password") as caught:
        write(make_batch({"m": 1.0}, ts=now))
    assert "wrong-secret" not in str(caught.value)
    elsewhere = await connect(database.dsn.replace(database.name, "no_such_database"))
    with pytest.raises(WriterMisconfigured, match=r"no_such_database.*create the database"):
        elsewhere(make_batch({"m": 1.0}, ts=now))


async def test_a_user_that_may_only_read(over_http, connect, now):
    """Neither creating nor inserting: the advice is a grant."""
    reader = over_http.server.reader_dsn.rpartition("/")[0] + f"/{over_http.name}"
    write = await connect(reader)
    with pytest.raises(WriterMisconfigured, match=r"may only read|grant it"):
        write(make_batch({"m": 1.0}, ts=now))
    await_table = await connect(over_http.dsn)
    await_table(make_batch({"m": 1.0}, ts=now))
    with pytest.raises(WriterMisconfigured, match=r"may only read|grant it"):
        write(make_batch({"m": 1.0}, ts=now))


async def test_a_password_that_is_put_right(database, connect, now, tmp_path):
    """A file with the password is read again, no restart; it may hold any letters."""
    secret = tmp_path / "password"
    secret.write_text("not-yet")
    write = await connect(database.nobodys_dsn, username="writer", password_file=str(secret))
    with pytest.raises(WriterMisconfigured):
        write(make_batch({"m": 1.0}, ts=now))
    secret.write_text("correct-hörse\n", encoding="utf-8")
    write(make_batch({"m": 1.0}, ts=now))
    assert database.one("SELECT count() FROM {db}.metrics") == 1


async def test_one_bad_sample_refuses_the_insert(database, connect, now):
    """A constraint of the user's table: nothing is stored, the words are the server's, the sender bisects."""
    database.query(
        "CREATE TABLE {db}.mine (ts DateTime64(3), v Float64, CONSTRAINT small CHECK v < 100)"
        " ENGINE = MergeTree ORDER BY ts"
    )
    columns = {"ts": "timestamp", "v": "value"}
    write = await connect(database.dsn, schema="custom", table="mine", columns=columns)
    layout = make_layout(3)
    refusal = write.refusal(make_batch([1.0, 1000.0, 2.0], layout=layout, ts=now))
    assert (refusal.refusal, "small" in refusal.reason) == (Refusal.BAD, True)
    assert database.one("SELECT count() FROM {db}.mine") == 0
    write(make_batch([1.0, 3.0, 2.0], layout=layout, ts=now))
    assert database.one("SELECT count() FROM {db}.mine") == 3


async def test_a_backlog_over_too_many_partitions_is_halved(database, connect, now):
    """More than 100 partitions in one insert: smaller requests are what helps."""
    write = await connect(database.dsn, partition="day", ttl=0)
    layout = make_layout(1)
    days = [make_batch([1.0], layout=layout, ts=now - n * 86_400_000) for n in range(150)]
    assert write.refusal(*days).refusal is Refusal.TOO_LARGE
    write(*days[:75])
    write(*days[75:])
    assert database.one("SELECT count() FROM {db}.metrics") == 150


async def test_settings_reach_the_server(over_http, connect, now):
    """Those of the DSN and of the output go with each insert; one that is unknown is named."""
    write = await connect(
        over_http.dsn, settings={"max_insert_block_size": 100, "insert_quorum": 0}
    )
    write(make_batch({"m": 1.0}, ts=now))
    wrong = await connect(over_http.dsn + "?no_such_setting=1")
    with pytest.raises(WriterMisconfigured, match=r"no_such_setting.*look at settings"):
        wrong(make_batch({"m": 1.0}, ts=now))


async def test_a_server_that_is_full(database, connect, now):
    """Too many parts: everything is kept until merges have caught up. Too little memory for one insert: less
    of it may fit.
    """
    database.query(
        "CREATE TABLE {db}.mine (ts DateTime64(3), v Float64) ENGINE = MergeTree ORDER BY ts"
        " SETTINGS parts_to_throw_insert = 1, parts_to_delay_insert = 1, max_delay_to_insert = 0"
    )
    database.query("SYSTEM STOP MERGES {db}.mine")
    own = {"schema": "custom", "table": "mine", "columns": {"ts": "timestamp", "v": "value"}}
    write = await connect(database.dsn, **own)
    write(make_batch([1.0], ts=now))
    with pytest.raises(WriterUnavailable, match="Too many parts"):
        write(make_batch([2.0], ts=now + 1))
    poor = await connect(database.dsn, settings={"max_memory_usage": 1000})
    refusal = poor.refusal(make_batch(5000, ts=now))
    assert (refusal.refusal, "memory limit" in refusal.reason) == (Refusal.TOO_LARGE, True)


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (Answer(503, {"Retry-After": "7"}, b"busy"), WriterUnavailable, "503: busy"),
        (Answer(401), WriterMisconfigured, "user and password"),
        (
            Answer(404, body=b"<html>nginx</html>"),
            WriterMisconfigured,
            "no ClickHouse; look at dsn",
        ),
        (Answer(302, {"Location": "/login"}), WriterMisconfigured, "no ClickHouse"),
        (Answer(200, body=b"<html>welcome</html>"), WriterMisconfigured, "no ClickHouse"),
        (Answer(200, body=b"[1]"), WriterMisconfigured, "no ClickHouse"),
        (CutAnswer(), WriterUnavailable, "closed"),
    ],
)
async def test_what_is_no_clickhouse(hostile_server, connect, now, answer, kind, said):
    """Proxies and strangers: each answer is told apart, and none is taken for success."""
    hostile_server.default = answer
    write = await connect(f"http://127.0.0.1:{hostile_server.port}/d")
    with pytest.raises(kind, match=said) as caught:
        write(make_batch({"m": 1.0}, ts=now))
    if isinstance(answer, Answer) and answer.status == 503:
        assert caught.value.retry_after == 7


async def test_a_proxy_that_takes_small_requests_alone(hostile_server, connect, now):
    """413 is about the size of the request, and goes away with it."""
    hostile_server.default = Answer(413)
    write = await connect(f"http://127.0.0.1:{hostile_server.port}/d")
    refusal = write.refusal(make_batch({"m": 1.0}, ts=now))
    assert (refusal.refusal, "413" in refusal.reason) == (Refusal.TOO_LARGE, True)


async def test_who_may_not_insert_hears_it_when_asked(hostile_server, connect):
    """A user who may read the table is not enough: an insert without rows goes out, and its answer counts."""
    rows = b'{"data": [["timestamp","DateTime64(3)",""],["value","Float64",""]]}'
    denied = Answer(403, {"X-ClickHouse-Exception-Code": "497"}, b"Not enough privileges")
    hostile_server.script(Answer(body=rows), Answer(body=b'{"data": []}'), denied)
    columns = {"timestamp": "timestamp", "value": "value"}
    dsn = f"http://127.0.0.1:{hostile_server.port}/d"
    write = await connect(dsn, schema="custom", table="t", columns=columns)
    with pytest.raises(WriterMisconfigured, match=r"privileges.*grant it to this user"):
        write.writer.test_connection()
    assert "INSERT+INTO" in hostile_server.requests[-1].path


async def test_the_request_on_the_wire(hostile_server, connect, now):
    """User and password in headers and not in the address; token and settings as parameters."""
    rows = b'{"data": [["timestamp","DateTime64(3)",""],["value","Float64",""]]}'
    engine = (
        b'{"data": [["MergeTree","MergeTree SETTINGS non_replicated_deduplication_window = 9"]]}'
    )
    hostile_server.script(Answer(body=rows), Answer(body=engine))
    write = await connect(
        f"http://me:hush-hush@127.0.0.1:{hostile_server.port}/d", schema="custom", table="t",
        columns={"timestamp": "timestamp", "value": "value"}, async_insert=True, settings={"a": True},
    )  # fmt: skip
    write(make_batch(2, ts=now), token="log:1-2")
    assert all("hush" not in request.path for request in hostile_server.requests)
    last = hostile_server.requests[-1]
    assert last.headers["x-clickhouse-user"] == "me"
    assert last.headers["x-clickhouse-key"] == "hush-hush"
    assert last.headers["content-encoding"] == "zstd"
    for part in ("database=d", "insert_deduplication_token=log%3A1-2", "async_insert=1", "a=1"):
        assert part in last.path
    assert "wait_for_async_insert=1" in last.path
    assert "async_insert_deduplicate=1" in last.path


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (
            241,
            "Code: 241. DB::Exception: (total) memory limit exceeded: would use",
            WriterUnavailable,
        ),
        (
            241,
            "Code: 241. DB::Exception: Query memory limit exceeded: would use",
            Refusal.TOO_LARGE,
        ),
        (252, "Code: 252. DB::Exception: Too many parts (3000)", WriterUnavailable),
        (242, "Code: 242. DB::Exception: Table is in readonly mode", WriterUnavailable),
        (
            243,
            "Code: 243. DB::Exception: Cannot reserve 1 MiB, not enough space",
            WriterUnavailable,
        ),
        (999, "Code: 999. Coordination::Exception: Session expired", WriterUnavailable),
        (516, "Code: 516. DB::Exception: x: Authentication failed", WriterMisconfigured),
        (469, "Code: 469. DB::Exception: Constraint", Refusal.BAD),
        (123_456, "something new", WriterUnavailable),
    ],
)
def test_what_an_exception_means(code, text, kind):
    """Full servers and lost keepers are waited for; what is unknown is kept."""
    error = refused(code, text, "http://h:8123/d")
    found = error.answer.refusal if isinstance(error, InsertRefused) else type(error)
    assert found is kind
    assert "DB::Exception" not in str(error)


async def test_write_needs_start(now):
    """A writer that was not started says so, as a mistake of the program and not of the network."""
    writer = ClickHouse(ClickHouseConfig(dsn="tcp://h/d"))
    with pytest.raises(RuntimeError, match=r"without start\(\)"):
        writer.write([make_batch(ts=now)], None)
