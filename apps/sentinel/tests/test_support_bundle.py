"""`sentinel support-bundle`: all that helps, and no secret."""

from __future__ import annotations

import json
import tarfile

import pytest

from orbital_sentinel.support.archive import write_archive

SECRETS = {
    "password": "pw-Tq8s91kd", "header": "hd-92kdmQz1", "url": "ur-1Kd9sQm2", "query": "qu-Zz81kQm5",
    "environment": "en-77kQmZz1", "community": "co-5tQ1mkz9", "token_file": "tf-Qm81kzz2",
}  # fmt: skip


def texts(path) -> dict[str, str]:
    with tarfile.open(path) as archive:
        return {
            member.name.partition("/")[2]: archive.extractfile(member).read().decode()
            for member in archive
        }


@pytest.fixture
def planted(machine, site):
    """A configuration with a secret in every place where one can be, a log that repeats them, and a task
    whose name is one.
    """
    s = SECRETS
    host = site.removeprefix("http://")
    machine.environ["PASSWORD"] = s["environment"]
    machine.data.mkdir(parents=True)
    machine.data.joinpath("api-token").write_text(s["token_file"])
    log = machine.root / "agent.log"
    log.write_text("".join(f"2026-01-01 ERROR it said {secret}\n" for secret in s.values()))
    log.chmod(0o600)
    return machine.config(f"""\
logging: {{output: both, file_path: {log}}}
sender:
  direct:
    prometheus:
      url: "http://127.0.0.1:9/api/v1/write?token={s["query"]}"
      basic_auth: {{username: somebody, password: {s["password"]}}}
    file: {{path: {machine.root}/samples.jsonl}}
tasks:
  - id: "site-{s["password"]}"
    plugin: http
    interval: 1s
    config:
      url: "http://{host}/broken?token={s["url"]}"
      headers: {{Authorization: "Bearer {s["header"]}"}}
  - {{id: e, plugin: http, interval: 1s, config: {{url: "http://{host}/", headers: {{X: "${{PASSWORD}}"}}}}}}
  - {{id: sw, plugin: snmp, interval: 1s, config: {{host: 127.0.0.1, community: {s["community"]}}}}}
""")


def bundle(machine):
    done = machine.sentinel("support-bundle", "help.tar.gz")
    assert done.code == 0, done.err
    path = machine.work / "help.tar.gz"
    assert path.stat().st_mode & 0o777 == 0o600
    return path, texts(path)


def assert_no_secret(found: dict[str, str]) -> None:
    for name, text in found.items():
        for place, secret in SECRETS.items():
            assert secret not in text, f"the secret of {place} is in {name}"


@pytest.mark.usefixtures("planted")
def test_of_a_running_agent(machine):
    """Status, explanations, tasks, metrics, configuration, ledger and log; each planted secret is a star."""
    with machine.running() as agent:
        agent.until_running()
        asked = machine.agent()
        agent.until(lambda: asked.get("/api/v1/tasks?status=failed")["total"], "a failed run")
        path, found = bundle(machine)
    assert path.stat().st_size < 100_000
    expected = ["versions", "status", "explain", "outputs", "plugins", "tasks", "buffer"]
    assert {f"{name}.json" for name in expected} <= found.keys()
    assert {"configuration.yaml", "metrics.txt", "log.txt"} <= found.keys()
    assert_no_secret(found)
    assert "***" in found["log.txt"]
    assert json.loads(found["buffer.json"])["running"]
    assert json.loads(found["versions.json"])["packages"]["orbital-sdk"]
    assert json.loads(found["tasks.json"])["total"] == 3


@pytest.mark.usefixtures("planted")
def test_of_a_stopped_agent_with_a_bad_configuration(machine):
    """What is on the disk, and why it does not start; the secrets are known all the same."""
    file = machine.work / "config.yaml"
    file.write_text(file.read_text().replace("interval: 1s", "intervall: 1s"))
    _, found = bundle(machine)
    assert "intervall" in found["configuration.yaml"]
    assert "no sentinel is running" in found["not-running.txt"]
    assert "buffer.json" in found
    assert_no_secret(found)


def test_its_size_is_bounded(tmp_path):
    """Of a long text the end is kept, and there is a limit for all of them."""
    given = [(f"{number}.txt", f"{'x' * 2000}end") for number in range(6)]
    listed = write_archive(tmp_path / "a.tar.gz", given, largest=1000, total=4200)
    sizes = [size for _, size in listed]
    assert max(sizes) <= 1000
    assert sum(sizes) < 4200 + 2 * 50
    first = texts(tmp_path / "a.tar.gz")["0.txt"]
    assert first.startswith("(the first ")
    assert first.endswith("end")
