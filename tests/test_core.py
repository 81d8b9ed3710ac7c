"""Gravital Core as a user meets it: two commands, no configuration file, and what then arrives there."""

from __future__ import annotations

import stat

import pytest

from orbital_devcore.core import Core
from orbital_devcore.demo import Demo, place
from orbital_devcore.peer import Peer
from orbital_devcore.serving import serving
from orbital_testbench import wait_until

DEMO = {
    "devices": {"dev-here": {"name": "here", "connection_config": {"host": "127.0.0.1"}}},
    "tasks": {"task-ping": {"device_id": "dev-here", "plugin_name": "ping", "interval_seconds": 1}},
}


@pytest.fixture(params=["sane", "quirks"])
def peer(request):
    core = Core(quirks=request.param == "quirks")
    place(core, Demo.model_validate(DEMO))
    with serving(core) as address:
        yield Peer(address, core)


def test_register_and_start_are_all_it_takes(sentinel, peer):
    """The README's way: samples, a state and reports arrive, and the agent tells how it stands."""
    done = sentinel.command("register", "--core-url", peer.address, "--name", "edge-1")
    assert done.returncode == 0, done.stderr
    assert "sentinel start" in done.stdout
    credentials = sentinel.folder / ".sentinel" / "credentials.yaml"
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    token = peer.core.db.rows("select api_token from sentinels")[0]["api_token"]
    shown = sentinel.command("credentials")
    assert token not in done.stdout + shown.stdout
    assert peer.address in shown.stdout
    valid = sentinel.command("validate").stdout
    assert f"Would work for Gravital Core at {peer.address}, as sentinel-" in valid
    sentinel.start()
    wait_until(lambda: peer.samples("ping_reachable"))
    wait_until(lambda: peer.runs("task-ping"))
    wait_until(lambda: peer.data("GET", "/api/v1/devices/dev-here")["status"] == "online")
    told = sentinel.command("status").stdout
    assert told.startswith("sentinel:      edge-1 (sentinel-")
    assert f"core:          {peer.address}, connected, last heartbeat" in told
    assert sentinel.end() == 0
    assert token not in sentinel.log.read_text()
    assert peer.runs("task-ping")[0]["status"] == "success"


def test_a_file_that_gives_core_no_samples_is_told(sentinel, peer):
    """`config init` and then `register`: what Core gets, and which key gives it more."""
    assert sentinel.command("config", "init").returncode == 0
    done = sentinel.command("register", "--core-url", peer.address)
    assert "sender.mode: is direct, so Core gets reports alone" in done.stdout
    assert "show its devices as offline" in sentinel.command("validate").stdout
    sentinel.configure(core={"url": peer.address}, sender={"mode": "core"})
    assert "sender.mode" not in sentinel.command("validate").stdout


def test_what_is_asked_wrongly_is_answered_in_a_sentence(sentinel, peer):
    """No address or a bad one, a label without a value, a long name, a Core that is away, a second time."""
    nowhere = sentinel.command("register")
    assert (nowhere.returncode, "--core-url" in nowhere.stderr) == (2, True)
    label = sentinel.command("register", "--core-url", peer.address, "--label", "prod")
    assert (label.returncode, "KEY=VALUE" in label.stderr) == (2, True)
    insecure = sentinel.command("register", "--core-url", "http://core.example.com")
    assert (insecure.returncode, "give --allow-insecure-http" in insecure.stderr) == (2, True)
    assert insecure.stderr.startswith("error: --core-url: the token would go over plain HTTP")
    assert "configuration:" not in insecure.stderr
    long = sentinel.command("register", "--core-url", peer.address, "--name", "n" * 256)
    assert (long.returncode, "255 characters" in long.stderr) == (2, True)
    key = sentinel.command("register", "--core-url", peer.address, "--registration-key", "k\ney")
    assert (key.returncode, "one line" in key.stderr) == (2, True)
    peer.fault(path="/api/v1/", status=503)
    away = sentinel.command("register", "--core-url", peer.address)
    assert (away.returncode, "503" in away.stderr) == (1, True)
    peer.cure()
    named = ("--name", "edge-1", "--region", "bj", "--label", "env=prod")
    assert sentinel.command("register", "--core-url", peer.address, *named).returncode == 0
    again = sentinel.command("register", "--core-url", peer.address)
    assert (again.returncode, "--force" in again.stderr) == (1, True)
    trusting = {"SENTINEL_CORE__INSECURE_SKIP_VERIFY": "true"}
    forced = sentinel.command("register", "--core-url", peer.address, "--force", **trusting)
    assert forced.returncode == 0
    assert forced.stderr.count("core.insecure_skip_verify") == 1
    (known,) = peer.data("GET", "/api/v1/sentinels")  # what is not said again stays as it was
    assert (known["name"], known["region"], known["labels"]) == ("edge-1", "bj", {"env": "prod"})
    for done in (nowhere, label, insecure, long, key, away, again):
        assert "Traceback" not in done.stderr


def test_plain_http_over_a_network_wants_a_word(sentinel, peer):
    """One option, which a sentinel without a configuration remembers: register, start, and all works."""
    address = peer.address.replace("127.0.0.1", "127.1")  # a name, as far as anybody can see
    refused = sentinel.command("register", "--core-url", address)
    assert (refused.returncode, "--allow-insecure-http" in refused.stderr) == (2, True)
    done = sentinel.command("register", "--core-url", address, "--allow-insecure-http")
    assert done.returncode == 0, done.stderr
    assert "core.allow_insecure_http: the token goes over plain HTTP" in done.stderr
    sentinel.start()
    wait_until(lambda: peer.runs("task-ping"))
    assert sentinel.end() == 0


def test_a_sentinel_without_configuration_names_the_key(sentinel, peer):
    """Credentials of an older sentinel may have such an address; what helps needs no file."""
    sentinel.command("register", "--core-url", peer.address)
    kept = sentinel.folder / ".sentinel" / "credentials.yaml"
    kept.write_text(kept.read_text().replace("127.0.0.1", "core.example.com"))
    done = sentinel.command("validate")
    assert done.returncode == 78
    assert "core.url: the token would go over plain HTTP" in done.stderr
    helped = sentinel.command("validate", SENTINEL_CORE__ALLOW_INSECURE_HTTP="true")
    assert helped.returncode == 0, helped.stderr


def test_two_hosts_of_one_name_are_told(sentinel, peer, another_sentinel):
    """Core takes them for one: said at registration, and by each that runs, once."""
    for one in (sentinel, another_sentinel):
        done = one.command("register", "--core-url", peer.address)
        assert ("this one now has its identity" in done.stderr) is (one is another_sentinel)
        one.start(SENTINEL_COLLECTOR__TASK_FETCH_INTERVAL="200ms")
    for one in (sentinel, another_sentinel):
        wait_until(lambda told=one.log: "another sentinel also reports task" in told.read_text())
    for one in (sentinel, another_sentinel):
        assert one.end() == 0
        assert one.log.read_text().count("another sentinel also reports") == 1


def test_core_is_said_to_know_us_when_it_does(sentinel, peer):
    """Not while it is away; and an identity that it forgot leaves its tasks behind, which is told."""
    sentinel.command("register", "--core-url", peer.address)
    peer.fault(path="/api/v1/", status=503)
    sentinel.start(SENTINEL_HEARTBEAT__INTERVAL="200ms")
    wait_until(lambda: "a heartbeat to Core failed" in sentinel.log.read_text())
    assert "known at Core" not in sentinel.log.read_text()
    peer.cure()
    wait_until(lambda: "known at Core as sentinel-" in sentinel.log.read_text())
    (old,) = peer.data("GET", "/api/v1/sentinels")
    peer.core.db.run("update sentinels set hostname = 'gone', sentinel_id = 'sentinel-gone'")
    told = f"tasks stay with {old['sentinel_id']}"
    wait_until(lambda: told in sentinel.log.read_text(), what=told)
    assert sentinel.end() == 0


@pytest.mark.parametrize(
    "proxy",
    [
        "proxy.example.com:3128",
        "ftp://proxy",
        "http://",
        "http://u:secret-word@h:99999",
        "socks5://h:1",
    ],
)
def test_a_proxy_that_cannot_be_one_is_refused_before_it_is_needed(sentinel, proxy):
    """By `validate`, with its key, and without the password that may stand in it."""
    sentinel.configure(core={"url": "https://core.example.com", "proxy_url": proxy})
    done = sentinel.command("validate", "--config", "config.yaml")
    assert (done.returncode, "core.proxy_url: " in done.stderr) == (78, True)
    assert "secret-word" not in done.stdout + done.stderr
