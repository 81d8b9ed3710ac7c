"""The encrypted store: its keys, its file, its commands."""

import json
import os
import stat
from pathlib import Path

import keyring
import pytest
from cryptography.fernet import Fernet
from keyring.backend import KeyringBackend
from pydantic import SecretStr
from typer.testing import CliRunner

from orbital_sdk import ConfigurationError
from orbital_sdk.secret_provider import Surroundings
from orbital_secrets.commands import app
from orbital_secrets.store.encrypted import EncryptedFile, Entry
from orbital_secrets.store.keys import CredentialKey, KeyFile, KeyringKey, Passphrase
from orbital_secrets.store.provider import Store, StoreConfig

HUSH = "hush-hush-1"


class Memory(KeyringBackend):
    """A keyring that forgets."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


def store_in(folder: Path, **settings: object) -> Store:
    environ = {"CREDENTIALS_DIRECTORY": str(folder / "credentials")}
    config = StoreConfig.model_validate(settings)
    return Store(config, Surroundings(environ, folder, folder / "data"))


def put(file: EncryptedFile, **values: str) -> None:
    with file.changing() as entries:
        entries |= {name: Entry(value=value) for name, value in values.items()}


def value(store: Store, name: str = "a") -> str | None:
    answer = store.get_all([name]).get(name)
    return answer.get_secret_value() if isinstance(answer, SecretStr) else None


@pytest.fixture(params=["file", "credential", "keyring", "passphrase"])
def store(request, tmp_path):
    """A store for each place of a key."""
    before = keyring.get_keyring()
    (tmp_path / "credentials").mkdir()
    credential = tmp_path / "credentials" / "orbital-sentinel.key"
    more = {}
    if request.param == "keyring":
        keyring.set_keyring(Memory())
    elif request.param == "passphrase":
        more = {"passphrase": HUSH}
    elif request.param == "credential":
        credential.write_bytes(Fernet.generate_key())
    made = store_in(tmp_path, key=request.param, **more)
    if request.param == "passphrase":
        made.file.source = Passphrase(SecretStr(HUSH), cost=2)
    yield made
    keyring.set_keyring(before)


def test_a_secret_that_was_set_is_there(store):
    """For every place of the key, and for a provider that is made later."""
    assert value(store) is None
    put(store.file, a=HUSH, b="two\nlines")
    assert (value(store), value(store, "b"), value(store, "c")) == (HUSH, "two\nlines", None)
    later = EncryptedFile(store.file.path, store.file.source)
    assert later.read()["a"].value == HUSH


def test_nothing_of_it_can_be_read_in_the_file(store):
    """Neither values nor names; and nobody else may try."""
    put(store.file, name_of_a_secret=HUSH)
    text = store.file.path.read_text()
    assert HUSH not in text
    assert "name_of_a_secret" not in text
    for file in (store.around.data).iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert HUSH not in repr(store.config) + repr(store.file.read())


def test_a_new_key_opens_it_and_the_old_one_does_not(store):
    """Where the key cannot be written, it says what to do instead."""
    put(store.file, a=HUSH)
    before = store.file.path.read_bytes()
    if isinstance(store.file.source, CredentialKey | Passphrase):
        with pytest.raises(ConfigurationError, match=r"--to FILE|stands in the configuration"):
            store.file.rotate()
        assert value(store) == HUSH
    else:
        (old,) = store.file.source.keys(b"")
        store.file.rotate()
        (new,) = store.file.source.keys(b"")
        assert old != new
        assert store.file.path.read_bytes() != before
        assert value(store) == HUSH
        store.file.source.put([old])
        with pytest.raises(ConfigurationError, match="another key, or damaged"):
            store.file.read()


def test_a_store_moves_to_a_key_elsewhere(store, tmp_path):
    """Made if it is missing, used if it is there."""
    put(store.file, a=HUSH)
    new = KeyFile(tmp_path / "new.key")
    store.file.rotate(new)
    assert EncryptedFile(store.file.path, new).read()["a"].value == HUSH
    with pytest.raises(ConfigurationError):
        store.file.read()


class Interrupted(KeyFile):
    """Stops at a write of the key."""

    def __init__(self, path: Path, at: int) -> None:
        super().__init__(path)
        self.left = at

    def put(self, keys):
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        super().put(keys)


@pytest.mark.parametrize("at", [0, 1])
def test_a_rotation_may_be_interrupted_and_repeated(tmp_path, at):
    """Before and after the store is written anew."""
    path = tmp_path / "data" / "secrets.json"
    source = KeyFile(tmp_path / "data" / "secrets.key")
    put(EncryptedFile(path, source), a=HUSH)
    with pytest.raises(KeyboardInterrupt):
        EncryptedFile(path, Interrupted(source.path, at)).rotate()
    file = EncryptedFile(path, source)
    assert file.read()["a"].value == HUSH
    file.rotate()
    assert file.read()["a"].value == HUSH
    assert len(source.keys(b"")) == 1


def test_what_cannot_be_opened_is_told(tmp_path):
    """A missing key, a damaged store, a key for all to read: with what to do, and nothing is replaced."""
    store = store_in(tmp_path)
    put(store.file, a=HUSH)
    key = tmp_path / "data" / "secrets.key"
    good = key.read_bytes()
    key.chmod(0o640)
    with pytest.raises(ConfigurationError, match=f"run `chmod 600 {key}`"):
        store.file.read()
    key.unlink()
    with pytest.raises(ConfigurationError, match=r"secrets\.key has none"), store.file.changing():
        pass
    key.write_bytes(b"no key\n")
    key.chmod(0o600)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        store.file.read()
    key.write_bytes(good)
    for content in (b"", b"{}", b"x" * 100, b'{"version": 2}', store.file.path.read_bytes()[:-9]):
        store.file.path.write_bytes(content)
        with pytest.raises(ConfigurationError, match="damaged"), store.file.changing():
            pass
        assert store.file.path.read_bytes() == content


def test_a_file_that_is_no_key_is_not_rotated_to(tmp_path):
    """Somebody named the wrong file: the store stays as it is."""
    store, wrong = store_in(tmp_path), tmp_path / "wrong"
    put(store.file, a=HUSH)
    before = store.file.path.read_bytes()
    wrong.write_text("no key\n")
    wrong.chmod(0o600)
    with pytest.raises(ConfigurationError, match="something else than a key"):
        store.file.rotate(KeyFile(wrong))
    assert store.file.path.read_bytes() == before


def test_a_passphrase_must_be_there(tmp_path):
    """The default looks for it first, then for a credential, then for a file."""
    with pytest.raises(ValueError, match="needs a passphrase"):
        store_in(tmp_path, key="passphrase")
    assert isinstance(store_in(tmp_path, passphrase="x").file.source, Passphrase)
    assert type(store_in(tmp_path).file.source) is KeyFile
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "orbital-sentinel.key").touch()
    assert type(store_in(tmp_path).file.source) is CredentialKey
    assert type(store_in(tmp_path, key="file").file.source) is KeyFile


def test_a_missing_keyring_is_told(tmp_path):
    """With what to install."""

    class Nowhere(KeyringKey):
        module = "no_such_keyring"

    with pytest.raises(ConfigurationError, match=r"pip install 'orbital-secrets\[keyring\]'"):
        Nowhere().keys(b"")


@pytest.fixture
def sentinel(tmp_path, monkeypatch):
    """`sentinel secrets …`: exit code and output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def run(*arguments: str, stdin: str = "") -> tuple[int, str]:
        done = CliRunner().invoke(app, list(arguments), input=stdin)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    return run


def test_secrets_are_set_listed_and_removed(sentinel, tmp_path):
    """Values come from standard input, and are never printed."""
    path = tmp_path / "orbital-sentinel" / "secrets.json"
    assert sentinel("set", "UPS", stdin=f"{HUSH}\n") == (0, f"UPS is stored in {path}.\n")
    assert sentinel("set", "CAMERA", stdin="no line break")[0] == 0
    _, listed = sentinel("list")
    assert [line.split()[1] for line in listed.splitlines()] == ["CAMERA", "UPS"]
    assert [one["name"] for one in json.loads(sentinel("list", "--output", "json")[1])] == [
        "CAMERA", "UPS",
    ]  # fmt: skip
    assert sentinel("remove", "CAMERA")[0] == 0
    with pytest.raises(ConfigurationError, match="there is no secret CAMERA"):
        sentinel("remove", "CAMERA")
    assert HUSH not in listed
    assert sentinel("rotate-key")[0] == 0
    assert "UPS" in sentinel("list")[1]


@pytest.mark.parametrize("name", ["", "a}b", "a\nb", "x" * 129])
def test_a_name_that_no_reference_can_have_is_refused(sentinel, name):
    """So is a value that is empty or huge."""
    assert sentinel("set", name, stdin="x")[0] == 2
    assert sentinel("set", "ok", stdin="")[0] == 2
    assert sentinel("set", "ok", stdin="x" * 70_000)[0] == 2


def test_the_configuration_says_where_the_store_is(sentinel, tmp_path):
    """Whatever else is wrong with it; a mistake in the section itself is told."""
    config = tmp_path / "config.yaml"
    text = (
        "secrets: {{store: {{path: {}/s.json, passphrase: '${{file:pass}}'}}}}\ntasks: [nonsense]\n"
    )
    config.write_text(text.format(tmp_path))
    config.chmod(0o600)
    with pytest.raises(ConfigurationError, match=r"\$\{file:pass\}: there is no such secret"):
        sentinel("list")
    (tmp_path / "pass").write_text("first")
    assert sentinel("set", "UPS", stdin=HUSH)[0] == 0
    assert (tmp_path / "s.json").exists()
    assert sentinel("rotate-key", stdin="second")[0] == 0
    with pytest.raises(ConfigurationError, match="another key"):
        sentinel("list")
    (tmp_path / "pass").write_text("second")
    assert "UPS" in sentinel("list")[1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to somebody else")
def test_what_root_writes_belongs_to_the_owner_of_the_folder(tmp_path):
    """The service has to read it."""
    (tmp_path / "data").mkdir()
    os.chown(tmp_path / "data", 65534, 65534)
    store = store_in(tmp_path)
    put(store.file, a=HUSH)
    assert {file.stat().st_uid for file in (tmp_path / "data").iterdir()} == {65534}
