"""What may stand between the agent and Core: TLS with certificates on both sides, and proxies."""

from __future__ import annotations

import pytest

from orbital_gravital.calls.client import CoreClient
from orbital_gravital.errors import CoreMisconfigured, CoreUnavailable
from orbital_gravital.sections import CoreSection

from .conftest import core_of, until


@pytest.fixture
def door(sane, start_nginx, authority):
    """This site's Core behind TLS, which lets in clients with a certificate of the authority alone."""
    proxied = f"location / {{ proxy_pass {sane.peer.address}; }}"
    return start_nginx(proxied, certificate=authority.issue(), client_authority=authority)


@pytest.fixture
def keys(authority):
    """The settings of a client that may come in."""
    mine = authority.issue("edge-1", client=True)
    return {
        "ca_file": str(authority.ca_file), "cert_file": str(mine.certificate), "key_file": str(mine.key),
    }  # fmt: skip


def call(url: str, **section):
    return CoreClient(url, CoreSection(url=url, **{"timeout": 2} | section)).call("GET", "/x")


async def test_everything_passes_with_certificates_on_both_sides(sane, door, keys):
    """Registration, tasks, reports, samples and states."""
    task, patient = sane.assign(), {"interval": "100ms", "timeout": "60s"}
    async with sane.agent(core={"url": door.tls_url, **keys}, heartbeat=patient) as agent:
        await sane.run(agent, task)
        await until(lambda: sane.peer.runs(task))
        await until(lambda: sane.peer.samples("probe_value"))
        await until(lambda: sane.peer.samples("device_status"))
    assert not [line for line in door.access_log if " 200 " not in line]


async def test_a_certificate_that_is_refused_costs_no_report_and_no_sample(
    sane, door, keys, authority
):
    """The 400 that nginx gives is not an answer of Core's: all waits until somebody puts that right."""
    task = sane.assign()
    async with sane.agent(core={"url": door.tls_url, **keys}) as agent:
        await sane.run(agent, task)
        await until(lambda: sane.peer.runs(task))
        sane.configure(core={"url": door.tls_url, "ca_file": keys["ca_file"]})
        await agent.reload()
        await sane.run(agent, task)
        await until(lambda: "core.cert_file" in core_of(agent).standing().trouble)
        await until(lambda: agent.stations.sender.status()["core"].reason)
        assert core_of(agent).link.reports.tally.refused == 0
        sane.configure(core={"url": door.tls_url, **keys})
        await agent.reload()
        await until(lambda: len(sane.peer.runs(task)) == 2)
        await until(lambda: agent.stations.buffer.waiting("core") == 0)
        account = agent.stations.buffer.ledger.account("core")
        assert (account.dead_lettered, account.dropped.total()) == (0, 0)


async def test_a_certificate_that_nobody_verifies_is_told_once(sane, caplog):
    """At each start, and when a reload brings it."""

    def told():
        said = [record.getMessage() for record in caplog.records]
        return sum(line.startswith("core.insecure_skip_verify: ") for line in said)

    async with sane.agent(core={"insecure_skip_verify": True}):
        assert told() == 1
    caplog.clear()
    sane.configure()
    async with sane.agent() as agent:
        assert told() == 0
        sane.configure(core={"insecure_skip_verify": True})
        await agent.reload()
        assert told() == 1


@pytest.mark.parametrize("name", ["ca_file", "cert_file", "key_file"])
def test_a_file_that_is_not_there_is_named(keys, name):
    """With the key to look at; a person has to act."""
    with pytest.raises(CoreMisconfigured, match=r"/no/such\.pem.*core\.cert_file") as caught:
        call("https://127.0.0.1:1", **keys | {name: "/no/such.pem"})
    assert not caught.value.sent


async def test_the_way_leads_through_the_proxy_that_is_configured(
    sane, door, keys, start_tinyproxy, monkeypatch
):
    """By CONNECT, with its password, and past what the environment says."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    proxy = start_tinyproxy(user="edge", password="pass-word")
    through = {"proxy_url": f"http://edge:pass-word@127.0.0.1:{proxy.port}"}
    async with sane.agent(core={"url": door.tls_url, **keys, **through}):
        await until(lambda: sane.peer.data("GET", "/api/v1/sentinels"))
    assert f"CONNECT 127.0.0.1:{door.tls_port}" in " ".join(proxy.asked)


def test_without_one_the_environment_names_the_proxy(sane, start_tinyproxy, monkeypatch):
    """`HTTP_PROXY`, and `NO_PROXY` for what is near; a `.netrc` has no say in who we are."""
    proxy = start_tinyproxy()
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "")
    (sane.folder / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(sane.folder / "netrc"))
    who = sane.who()
    client = CoreClient(sane.peer.address, CoreSection(url=sane.peer.address))
    client.call("GET", "/sentinel-tasks", credentials=who)
    assert f"GET {sane.peer.address}/api/v1/sentinel-tasks" in " ".join(proxy.asked)
    seen = len(proxy.asked)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    client.call("GET", "/sentinel-tasks", credentials=who)
    assert len(proxy.asked) == seen


def test_a_proxy_that_wants_a_password_or_is_away_is_told_as_such(door, keys, start_tinyproxy):
    """What to change, and not our password for it; nothing was sent."""
    proxy = start_tinyproxy(user="edge", password="pass-word")
    wrong = f"http://edge:wrong-word@127.0.0.1:{proxy.port}"
    with pytest.raises(CoreMisconfigured, match=r"core\.proxy_url") as caught:
        call(door.tls_url, **keys, proxy_url=wrong)
    proxy.stop()
    with pytest.raises(CoreUnavailable, match="through the proxy") as away:
        call(door.tls_url, **keys, proxy_url=wrong)
    for error in (caught.value, away.value):
        assert not error.sent
        assert "wrong-word" not in str(error)
