"""What `sentinel discover` and `sentinel snmp learn` write, the agent reads and runs."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.real


def test_discovered(sentinel, snmpd, lines_of):
    """Found, written into tasks.d, valid, and polled with the secret from the environment."""
    path = sentinel.folder / "out.jsonl"
    sentinel.configure(sender={"direct": {"file": {"path": str(path)}}}, tasks=[])
    (sentinel.folder / "tasks.d").mkdir()
    secret = {"SNMP_COMMUNITY": "public"}
    way = f"community=${{SNMP_COMMUNITY}},port={snmpd.port}"
    found = sentinel.command(
        "discover", snmpd.host, "--snmp", way, "--write", "tasks.d/found.yaml", **secret
    )
    assert found.returncode == 0, found.stderr
    assert "public" not in (sentinel.folder / "tasks.d" / "found.yaml").read_text()
    valid = sentinel.command("validate", **secret)
    assert valid.returncode == 0, valid.stdout + valid.stderr
    done = sentinel.command("run", "--once", **secret)
    assert done.returncode == 0, done.stderr
    assert any(line["name"] == "ifNumber" for line in lines_of(path))


def test_learnt(sentinel, snmpd):
    """The task that learn prints is valid as it is; what it costs does not get into it."""
    sentinel.configure(sender={"direct": {"file": {"path": "out.jsonl"}}}, tasks=[])
    (sentinel.folder / "tasks.d").mkdir()
    secret = {"SNMP_COMMUNITY": "public"}
    learnt = sentinel.command("snmp", "learn", f"{snmpd.host}:{snmpd.port}", **secret)
    assert learnt.returncode == 0, learnt.stderr
    assert "requests" in learnt.stderr
    assert "every 10 s" in learnt.stderr
    (sentinel.folder / "tasks.d" / "learnt.yaml").write_text(learnt.stdout)
    valid = sentinel.command("validate", **secret)
    assert valid.returncode == 0, valid.stdout + valid.stderr
