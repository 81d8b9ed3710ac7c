"""Files of the older sentinel: accepted with the meaning that they had, and rewritten as they are now."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import yaml

from orbital_testbench import Answer

OLDER = Path(__file__).parent / "data" / "older-sentinel.yaml"
ENVIRON = {"API_TOKEN": "a-token", "VM_PASSWORD": "geheim-42", "SERVER": "http://127.0.0.1:1"}
RENAMED = {
    "credentials_path": "core.credentials_path",
    "sender.flush_interval": "buffer.flush_interval",
    "sender.direct.prometheus.username": "sender.direct.prometheus.basic_auth.username",
    "sender.direct.prometheus.password": "sender.direct.prometheus.basic_auth.password",
    "sender.direct.victoria_metrics.username": "sender.direct.victoria_metrics.basic_auth.username",
    "sender.direct.victoria_metrics.password": "sender.direct.victoria_metrics.basic_auth.password",
    "sender.direct.clickhouse.table_name": "sender.direct.clickhouse.table",
}


@pytest.mark.parametrize("value", ["", "30s"])
def test_each_key_is_accepted_with_a_note_of_its_new_name(sentinel, value):
    """Also where it is empty; by `validate`, as by every command that reads the file."""
    remote = {"url": "http://127.0.0.1:1", "username": value, "password": value}
    clickhouse = {"dsn": "tcp://127.0.0.1:1/db", "table_name": value}
    direct = {"prometheus": remote, "victoria_metrics": {**remote}, "clickhouse": clickhouse}
    sentinel.configure(credentials_path=value, sender={"flush_interval": value, "direct": direct})
    done = sentinel.command("validate", "--config", "config.yaml")
    assert done.returncode == 0, done.stderr
    for old, new in RENAMED.items():
        assert f"note: {old}: is called {new} now" in done.stdout
    assert "`sentinel config convert`" in done.stdout


def test_the_whole_file_means_what_it_meant(sentinel, hostile_server):
    """User and password reach the server, every 50 ms, and are shown nowhere; the file stays as it was."""
    hostile_server.default = Answer(204)
    sentinel.config.write_text(OLDER.read_text())
    environ = ENVIRON | {"SERVER": hostile_server.url}
    sentinel.start("--config", "config.yaml", **environ)
    requests = hostile_server.wait_for_requests(3)
    shown = yaml.safe_load(
        sentinel.command("config", "show", "-c", "config.yaml", **environ).stdout
    )
    assert sentinel.end() == 0
    pair = base64.b64encode(b"admin:geheim-42").decode()
    assert {one.headers["authorization"] for one in requests} == {f"Basic {pair}"}
    assert shown["core"]["credentials_path"] == "./credentials.yaml"
    assert shown["buffer"]["flush_interval"] == "50ms"
    assert shown["sender"]["direct"]["clickhouse"]["table"] == "office_metrics"
    assert "geheim-42" not in sentinel.log.read_text() + str(shown)
    assert "sender.flush_interval: is called buffer.flush_interval now" in sentinel.log.read_text()


def test_convert_writes_the_new_form_and_keeps_all_else(sentinel):
    """Comments, order, quotes and `${NAME}` stay; the older file lies beside it; once more does nothing."""
    sentinel.config.write_text(OLDER.read_text())
    printed = sentinel.command("config", "convert", "-c", "config.yaml")
    assert (printed.returncode, sentinel.config.read_text()) == (0, OLDER.read_text())
    assert printed.stderr.count("is called") == len(RENAMED)
    written = sentinel.command("config", "convert", "-c", "config.yaml", "--write")
    assert written.returncode == 0, written.stderr
    text = sentinel.config.read_text()
    assert text.strip() == printed.stdout.strip()
    assert Path(f"{sentinel.config}.older").read_text() == OLDER.read_text()
    comments = [
        line.partition("#")[2].strip() for line in OLDER.read_text().splitlines() if "#" in line
    ]
    assert [one for one in comments if one not in text] == []
    assert text.index("# ClickHouse") < text.index("clickhouse:") < text.index("table:")
    assert 'password: "${VM_PASSWORD}"' in text
    before = sentinel.command("config", "show", "-c", "config.yaml.older", **ENVIRON).stdout
    after = sentinel.command("config", "show", "-c", "config.yaml", **ENVIRON).stdout
    assert before.partition("\n")[2] == after.partition("\n")[2]
    valid = sentinel.command("validate", "-c", "config.yaml", **ENVIRON)
    assert (valid.returncode, "is called" in valid.stdout) == (0, False)
    again = sentinel.command("config", "convert", "-c", "config.yaml", "--write")
    assert (again.returncode, again.stderr) == (0, "")
    assert sentinel.config.read_text() == text


def test_where_both_names_stand_the_new_one_counts(sentinel):
    """And that is said, not chosen in silence. A password without a user was never sent."""
    output = {
        "url": "http://127.0.0.1:1",
        "password": "p",
        "basic_auth": {"username": "new", "password": "new"},
    }
    sentinel.configure(
        buffer={"flush_interval": "7s"},
        sender={"flush_interval": "3s", "direct": {"prometheus": output}},
    )
    told = sentinel.command("validate", "-c", "config.yaml").stdout
    assert "sender.flush_interval: has no effect, since buffer.flush_interval is set, too" in told
    assert (
        "password: has no effect, since sender.direct.prometheus.basic_auth.password is set" in told
    )
    shown = yaml.safe_load(sentinel.command("config", "show", "-c", "config.yaml").stdout)
    assert shown["buffer"]["flush_interval"] == "7s"


@pytest.mark.parametrize("text", ["core: [", "core:\n\tx: 1\n", "a: 1\na: 2\n"])
def test_what_cannot_be_converted_is_named_and_left_alone(sentinel, text):
    """No YAML, a key that appears twice: a sentence, and the file as it was."""
    sentinel.config.write_text(text)
    done = sentinel.command("config", "convert", "-c", "config.yaml", "--write")
    assert done.returncode in (1, 78)
    assert "Traceback" not in done.stderr
    assert "config.yaml" in done.stderr
    assert sentinel.config.read_text() == text


def test_no_configuration_is_told(sentinel):
    """There is nothing to convert."""
    done = sentinel.command("config", "convert")
    assert (done.returncode, "name one with -c" in done.stderr) == (1, True)
