"""Secrets are shown nowhere: marks stand wherever a secret may, and are looked for in all that comes out."""

from __future__ import annotations

import base64
import re
import tarfile
from itertools import cycle
from typing import TYPE_CHECKING

import pytest

from orbital_runtime.paths import data_dir
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import SettingsError, load
from orbital_sdk.secret_provider import Surroundings
from orbital_secrets.store.encrypted import Entry
from orbital_secrets.store.provider import Store, StoreConfig
from orbital_testbench import Answer, Request, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = "hush-hush-"
PAGES = (
    "/metrics", "/healthz", "/readyz", "/api/v1/status", "/api/v1/tasks", "/api/v1/outputs",
    "/api/v1/plugins", "/api/v1/ledger",
)  # fmt: skip
COMMANDS = ("config show", "validate", "status", "tasks")


class Marks:
    """Secrets that can be told apart."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        return f"{MARK}{self.count}"


def echo(request: Request) -> Answer:
    """Refuses, and repeats everything it was told, as some gateways do."""
    told = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
    return Answer(401, body=f"{request.path}\n{told}\n{request.body[:200]!r}".encode())


def understand(request: Request) -> Answer:
    """Refuses, and repeats what it made of what it was told: a token alone, a password out of base64."""
    ways = ("authorization", "proxy-authorization", "x-api-key", "x-secret")
    given = [request.headers.get(name, "").rpartition(" ")[2] for name in ways]
    given += [plain.partition(b":")[2].decode() for text in given if (plain := unpacked(text))]
    given += [request.path.rpartition("=")[2]]
    return Answer(401, body=f"invalid credentials: {[text for text in given if text]}".encode())


def repeat(request: Request) -> Answer:
    """Now in one way, now in the other."""
    return next(WAYS)(request)


WAYS = cycle((echo, understand))


def unpacked(text: str) -> bytes:
    """What is in base64; empty where it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def settings(server: str, secret: Marks) -> dict[str, object]:
    prometheus = {"writer": "prometheus", "url": f"{server}/w", "flush_interval": "50ms"}
    outputs = {
        "basic": prometheus | {"basic_auth": {"username": "u", "password": secret()}},
        "bearer": prometheus | {"bearer_token": secret()},
        "headers": prometheus | {"headers": {"X-Api-Key": secret()}},
        "proxy": prometheus | {"proxy_url": server.replace("//", f"//u:{secret()}@")},
        "query": prometheus | {"url": f"{server}/w?token={secret()}"},
        "unnamed": prometheus | {"url": f"{server}/w?k={secret()}"},
        "file": {"path": "out.jsonl", "flush_interval": "50ms"},
    }
    fields = {
        "basic": {"username": "u", "password": secret()},
        "digest": {"auth": "digest", "username": "u", "password": secret()},
        "bearer": {"token": secret()},
        "key": {"api_key": secret()},
        "key-in-query": {"api_key": secret(), "api_key_name": "key", "api_key_in": "query"},
        "headers": {"headers": {"X-Secret": secret()}},
        "body": {"method": "POST", "body": secret()},
        "query": {"url": f"{server}/?api_key={secret()}"},
        "unnamed": {"url": f"{server}/?k={secret()}"},
    }
    return {
        "core": {"api_token": secret()},
        "logging": {"level": "debug"},
        "sender": {"direct": outputs},
        "tasks": [
            {"id": name, "plugin": "http", "interval": "500ms", "config": {"url": server} | more}
            for name, more in fields.items()
        ],
    }


def found(text: str) -> list[str]:
    """The marks in it, each with what stands around it."""
    packed = [str(unpacked(word)) for word in re.findall(r"[A-Za-z0-9+/=]{12,}", text)]
    return re.findall(rf".{{0,60}}{MARK}\d+.{{0,20}}", "\n".join((text, *packed)))


@pytest.mark.parametrize("answer", [repeat, Answer(500)], ids=["refuses", "fails"])
def test_no_secret_is_shown_anywhere(sentinel, hostile_server, answer):
    """Debug log, pages, commands, samples: while servers refuse and repeat what they hear, or fail."""
    hostile_server.default = answer
    secret = Marks()
    sections = settings(hostile_server.url, secret)
    outputs = sections["sender"]["direct"]
    sentinel.configure(**sections)
    sentinel.start()
    wait_until(lambda: all(task["runs"] >= 2 for task in sentinel.tasks()))
    wait_until(lambda: _tried(sentinel) == set(outputs))
    shown = dict(_shown(sentinel))
    hostile_server.default = Answer(204)  # so that the last flush is short
    sentinel.end()
    shown["log"] = sentinel.log.read_text()
    shown["samples"] = (sentinel.folder / "out.jsonl").read_text()
    leaks = {place: marks for place, text in shown.items() if (marks := found(text))}
    assert leaks == {}
    assert shown["config show"].count("**********") >= secret.count
    sent = "".join(f"{r.path} {r.headers} {r.body!r}" for r in hostile_server.requests)
    assert len(set(re.findall(rf"{MARK}\d+", sent))) >= 8  # they were used


def test_running_once_shows_no_secret(sentinel, hostile_server):
    """Tasks and outputs that fail are told on the terminal, in words that may be the server's."""
    hostile_server.default = echo
    fields = settings(hostile_server.url, Marks())
    sentinel.configure(**fields)
    done = sentinel.command("run", "--once")
    assert done.returncode == 1
    assert "401" in done.stdout
    assert "not delivered to output bearer" in done.stderr
    assert found(done.stdout + done.stderr) == []


def test_the_password_of_a_proxy_before_core_is_not_shown(sentinel):
    """It may stand in the address of Core; commands tell where Core is without it."""
    sentinel.configure(core={"url": f"https://u:{Marks()()}@127.0.0.1:1"})
    for command in ("credentials", "validate", "config show", "register"):
        done = sentinel.command(*command.split())
        assert "127.0.0.1:1" in done.stdout + done.stderr, command
        assert found(done.stdout + done.stderr) == [], command


def _tried(sentinel) -> set[str]:
    """Outputs that have made an attempt."""
    return {
        one["name"] for one in sentinel.status()["outputs"] if one["requests"] or one["last_error"]
    }


def _shown(sentinel) -> Iterator[tuple[str, str]]:
    for page in PAGES:
        yield page, sentinel.get(page)[1]
    for command in COMMANDS:
        done = sentinel.command(*command.split(), "--output", "json")
        yield f"{command} as json", done.stdout + done.stderr
        done = sentinel.command(*command.split())
        yield command, done.stdout + done.stderr
    done = sentinel.command("test", "basic", "bearer", "query")
    yield "test", done.stdout + done.stderr


def test_no_problem_shows_a_secret(sentinel):
    """Wrong keys beside secrets, and secrets in the wrong places: told without them."""
    secret = Marks()
    fields = settings("http://127.0.0.1:1", secret)
    outputs, tasks = fields["sender"]["direct"], fields["tasks"]
    outputs["url"] = {"writer": "prometheus", "url": f"http://u:{secret()}@127.0.0.1/"}
    outputs["both"] = outputs["basic"] | {"bearer_token": secret(), "x": secret()}
    outputs["map"] = outputs["basic"] | {"basic_auth": secret()}
    tasks[0]["config"]["pasword"] = secret()
    tasks[1]["config"]["password"] = [secret()]
    tasks.append({"id": "url", "plugin": "http", "config": {"url": f"http://u:{secret()}@h/"}})
    fields["core"]["api_token"] = {"a": secret()}
    sentinel.configure(**fields)
    done = sentinel.command("start")
    assert done.returncode == 78
    assert len(done.stderr.splitlines()) >= 6
    assert found(done.stdout + done.stderr) == []


def test_no_repr_shows_a_secret(sentinel):
    """Whatever of a configuration ends up in a message or a traceback."""
    sentinel.configure(**settings("http://127.0.0.1:1", Marks()))
    loaded = load(sentinel.config, {})
    assert found(repr(loaded)) == []
    assert found(repr((loaded.settings, loaded.tasks, loaded.outputs))) == []
    for output in loaded.outputs:
        writer = output.writer(output.config)
        assert found(f"{writer!r} {writer.config!r} {writer.address}") == []
    sentinel.configure(core={"api_token": [f"{MARK}1"]})
    with pytest.raises(SettingsError) as caught:
        load(sentinel.config, {}, registry=Registry())
    assert found(f"{caught.value!r} {caught.value} {caught.value.problems!r}") == []


def test_a_reload_tells_of_changed_secrets_without_them(sentinel, hostile_server):
    """What changed is told by name."""
    secret, by_hand = Marks(), {"plugins": {"auto_reload": False}}
    sentinel.configure(**settings(hostile_server.url, secret), **by_hand)
    sentinel.start()
    sentinel.configure(**settings(hostile_server.url, secret), **by_hand)  # all marks are new
    done = sentinel.command("reload")
    assert done.returncode == 0, done.stderr
    assert "bearer_token" in done.stdout
    wait_until(lambda: "reloaded: " in sentinel.log.read_text())
    assert found(done.stdout + done.stderr + sentinel.log.read_text()) == []


class Named(Marks):
    """Names of secrets that stand in the store."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}

    def __call__(self) -> str:
        value = super().__call__()
        self.values[f"m{self.count}"] = value
        return f"${{secret:m{self.count}}}"

    def store(self, sentinel) -> None:
        for name, value in self.values.items():
            keep(sentinel, name, value)


def keep(sentinel, name: str, value: str) -> None:
    """As `sentinel secrets set` does."""
    around = Surroundings(sentinel.environ, sentinel.folder, data_dir(sentinel.environ))
    with Store(StoreConfig(), around).file.changing() as entries:
        entries[name] = Entry(value=value)


def refuse(request: Request) -> Answer:
    """Refuses samples for good, and repeats what it was told."""
    return Answer(400, body=echo(request).body)


def test_secrets_of_a_store_are_in_no_file_and_shown_nowhere(sentinel, hostile_server):
    """Buffer on disk, dead letters, log, pages, commands, support bundle, all files that the agent leaves."""
    hostile_server.default = refuse
    secret = Named()
    sections = settings(hostile_server.url, secret)
    sections["buffer"] = {"type": "disk", "disk_path": "buffer"}
    sections["sender"]["direct"]["plain"] = {
        "writer": "prometheus",
        "url": f"{hostile_server.url}/w",
    }
    sections["sentinel"] = {"labels": {"rack": "7"}}
    secret.store(sentinel)
    sentinel.configure(**sections)
    sentinel.start()
    wait_until(lambda: all(task["runs"] >= 2 for task in sentinel.tasks()))
    wait_until(lambda: sentinel.account("bearer").get("dead_lettered"))
    shown = dict(_shown(sentinel))
    done = sentinel.command("buffer", "dead-letters", "list", "--output", "json")
    shown["dead letters"] = done.stdout + done.stderr
    sentinel.command("support-bundle", "bundle.tar.gz")
    with tarfile.open(sentinel.folder / "bundle.tar.gz") as bundle:
        for file in filter(tarfile.TarInfo.isfile, bundle):
            shown[f"bundle {file.name}"] = bundle.extractfile(file).read().decode(errors="replace")
    for page in (
        "/configuration",
        "/log",
        "/outputs",
        "/flow",
        "/api/v1/configuration",
        "/api/v1/explain",
    ):
        shown[page] = sentinel.get(page)[1]
    assert MARK not in "".join(shown.values())
    hostile_server.default = Answer(204)
    sentinel.end()
    shown |= {
        str(file): file.read_bytes().decode(errors="replace")
        for file in sentinel.folder.rglob("*")
        if file.is_file()
    }
    assert {place: marks for place, text in shown.items() if (marks := found(text))} == {}
    assert (
        shown["config show"].count("**********") + shown["config show"].count("***") >= secret.count
    )
    sent = "".join(f"{r.path} {r.headers} {r.body!r}" for r in hostile_server.requests)
    assert len(set(re.findall(rf"{MARK}\d+", sent))) >= 8


def test_a_changed_secret_opens_only_what_uses_it(sentinel, hostile_server):
    """Without a restart, and without a word by anybody."""
    hostile_server.default = Answer(204)
    output = {"writer": "prometheus", "url": f"{hostile_server.url}/w", "flush_interval": "50ms"}
    sections = {
        "sender": {"direct": {
            "one": output | {"bearer_token": "${secret:one}"},
            "two": output | {"bearer_token": "${secret:two}"},
        }},
        "tasks": [
            {"id": name, "plugin": "http", "interval": "200ms", "config": {
                "url": f"{hostile_server.url}/{name}", "token": f"${{secret:{name}}}",
            }}
            for name in ("one", "two")
        ],
    }  # fmt: skip
    for name in ("one", "two"):
        keep(sentinel, name, f"first-{name}-token")
    sentinel.configure(**sections)
    sentinel.start()
    wait_until(lambda: _tokens(hostile_server) == {"first-one-token", "first-two-token"})
    keep(sentinel, "one", "second-one-token")
    wait_until(lambda: "second-one-token" in _tokens(hostile_server))
    wait_until(lambda: _uses(hostile_server, "second-one-token") == {"/w", "/one"})
    lines = [line for line in sentinel.log.read_text().splitlines() if "reloaded: " in line]
    assert [line.partition("reloaded: ")[2] for line in lines] == [
        "output one: bearer_token: changed", "task one: device.token: changed",
    ]  # fmt: skip
    (data_dir(sentinel.environ) / "secrets.key").write_bytes(b"lost\n")
    done = sentinel.command("reload")
    assert done.returncode == 78
    assert "provider store: " in done.stderr
    seen = len(hostile_server.requests)
    wait_until(lambda: len(hostile_server.requests) > seen + 5)  # the old configuration goes on
    assert _tokens(hostile_server, seen) == {"second-one-token", "first-two-token"}


def test_a_secret_that_no_file_holds_is_asked_for_again(sentinel, hostile_server):
    """Every `secrets.refresh`; a provider that fails then changes nothing."""
    hostile_server.default = Answer(204)
    answer = sentinel.folder / "answer.json"
    task = {"id": "one", "plugin": "http", "interval": "100ms", "config": {
        "url": hostile_server.url, "token": "${secret:one}",
    }}  # fmt: skip
    answer.write_text('{"one": {"value": "first-token"}}')
    sentinel.configure(
        secrets={"refresh": "100ms", "command": {"run": ["cat", "answer.json"]}},
        sender={"direct": {"file": {"path": "samples.jsonl"}}},
        tasks=[task],
    )
    sentinel.start()
    wait_until(lambda: _tokens(hostile_server) == {"first-token"})
    answer.write_text("nonsense")
    seen = len(hostile_server.requests)
    wait_until(lambda: len(hostile_server.requests) > seen + 5)
    assert _tokens(hostile_server) == {"first-token"}
    answer.write_text('{"one": {"value": "second-token"}}')
    wait_until(lambda: "second-token" in _tokens(hostile_server))


def _tokens(server, since: int = 0) -> set[str]:
    heads = [request.headers.get("authorization", "") for request in server.requests[since:]]
    return {head.removeprefix("Bearer ") for head in heads if head}


def _uses(server, token: str) -> set[str]:
    return {r.path for r in server.requests if r.headers.get("authorization") == f"Bearer {token}"}
