"""Which port and login of a device's row at Core a plugin gets."""

from __future__ import annotations

import pytest

from orbital_gravital.tasks.spec import Speaker, read

from .conftest import entry

SSH = {"type": "ssh", "config": {"username": "root", "password": "of-ssh"}}


@pytest.mark.parametrize(
    ("protocols", "task_says", "login"),
    [
        (("http", "https"), {}, (None, None)),
        (("http", "https"), {"password": "of-the-page"}, ("root", "of-the-page")),
        (("ssh",), {}, ("root", "of-ssh")),
    ],
)
def test_the_login_of_another_protocol_is_handed_to_nobody(protocols, task_says, login):
    """The password of ssh that stands flat in the device's row goes to no page; the task's own does."""
    row = {"host": "10.0.0.1", "protocol": "ssh", "username": "root", "password": "of-ssh"}
    found = read(entry(device={"connection_config": row}, config={**row, **task_says}))
    fields = found.fields(Speaker(protocols, ()))
    assert (fields.get("username"), fields.get("password")) == login


@pytest.mark.parametrize(
    ("row", "task_says", "login"),
    [
        ({"protocol": "ssh", "auth": SSH}, {}, (None, None)),
        ({"auth": SSH}, {}, (None, None)),
        ({"protocol": "ssh", "auth": {"config": SSH["config"]}}, {}, (None, None)),
        ({"protocol": "ssh", "auth": SSH}, {"auth": SSH | {"config": {"username": "u"}}}, ("u", None)),
        ({"protocol": "ssh", "auth": SSH}, {"username": "u", "password": "p"}, ("u", "p")),
        ({"protocol": "ssh", "auth": SSH | {"type": "http"}}, {}, ("root", "of-ssh")),
        ({"protocol": "http", "auth": SSH | {"type": "none"}}, {}, ("root", "of-ssh")),
    ],
)  # fmt: skip
def test_a_nested_login_of_another_protocol_is_handed_to_nobody(row, task_says, login):
    """As the web page writes it: what it is for stands in its type, else in the device's protocol."""
    row = {"host": "10.0.0.1", **row}
    found = read(entry(device={"connection_config": row}, config={**row, **task_says}))
    fields = found.fields(Speaker(("http", "https"), ()))
    assert (fields.get("username"), fields.get("password")) == login


@pytest.mark.parametrize(
    ("speaker", "login"),
    [
        (Speaker(("ssh",), {"username", "password"}), (22, "root", "of-ssh")),
        (Speaker(("terminal",), {"username", "private_key"}), (22, "root", "of-ssh")),
        (Speaker(("http", "https"), {"username", "password"}), (None, None, None)),
    ],
    ids=["by its protocol", "by its field", "another"],
)
def test_a_row_with_a_key_is_for_whoever_speaks_its_protocol(speaker, login):
    """Also for a plugin that logs in by password and knows no keys."""
    row = {"host": "10.0.0.1", "port": 22, "private_key": "-----BEGIN", "community": "secret"}
    row |= {"username": "root", "password": "of-ssh"}
    fields = read(entry(device={"connection_config": row}, config=row)).fields(speaker)
    assert tuple(map(fields.get, ("port", "username", "password"))) == login
    assert ("private_key" in fields) == (login[0] == 22)
    assert "community" not in fields


@pytest.mark.parametrize(
    ("speaker", "port", "version"),
    [
        (Speaker(("ping",), {"version"}), None, None),
        (Speaker(("snmp",), {"community", "version"}), 161, "2c"),
    ],
)
def test_a_flat_row_of_snmp_says_nothing_to_other_plugins(speaker, port, version):
    """`version` means another thing to ping, which would refuse it."""
    row = {"host": "10.0.0.1", "port": 161, "community": "secret", "version": "2c"}
    fields = read(entry(device={"connection_config": row}, config=row)).fields(speaker)
    assert (fields["host"], fields.get("port")) == ("10.0.0.1", port)
    assert fields.get("version") == version
