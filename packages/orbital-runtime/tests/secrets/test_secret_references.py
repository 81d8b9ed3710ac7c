"""References to secrets in a configuration, and who gives them."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import Field, SecretStr

from orbital_runtime.plugins.registry import Registry
from orbital_runtime.secrets.builtin import Environment, Files
from orbital_runtime.settings import Loaded, SettingsError, difference, dump, load
from orbital_runtime_testing.parts import Gauge, Store
from orbital_sdk import ConfigurationError
from orbital_sdk.secrecy import scrub
from orbital_sdk.secret_provider import SecretProvider, SecretProviderConfig

TASK = "tasks: [{{id: a, plugin: gauge, config: {{host: h, community: '{}'}}}}]\n"


class SafeConfig(SecretProviderConfig):
    keys: dict[str, SecretStr] = Field(default_factory=dict)
    """Secrets by name."""
    refuses: str = ""
    """Name that cannot be asked for."""


class Safe(SecretProvider[SafeConfig]):
    """Secrets in its settings."""

    name = "safe"
    default = True
    asked: tuple[str, ...] = ()

    def get(self, name: str) -> SecretStr | None:
        self.asked = (*self.asked, name)
        if name == self.config.refuses:
            raise ConfigurationError("it is locked")
        return self.config.keys.get(name)

    def remedy(self, name: str) -> str:
        return f"put {name} into it"


class Drawer(Safe):
    name = "drawer"


class Broken(SecretProvider[SecretProviderConfig]):
    name = "broken"

    def get(self, name: str) -> SecretStr | None:
        raise ZeroDivisionError("the value was hush-hush")

    def files(self, name: str):
        raise SystemExit


class Slow(SecretProvider[SecretProviderConfig]):
    """Answers once it may."""

    name = "slow"
    may = threading.Event()

    def get(self, name: str) -> SecretStr | None:
        self.may.wait()
        return None


REGISTRY = Registry.of(
    plugins=[Gauge], writers=[Store], providers=[Safe, Drawer, Broken, Slow, Environment, Files]
)
Load = Callable[..., Loaded]


@pytest.fixture
def written(tmp_path: Path) -> Load:
    """Loads this text as a configuration."""

    def loaded(text: str, *, registry: Registry = REGISTRY, before=None, **environ: str) -> Loaded:
        file = tmp_path / "config.yaml"
        file.write_text(text)
        file.chmod(0o600)
        return load(file, environ, registry=registry, before=before)

    return loaded


def community(loaded: Loaded) -> str:
    return loaded.tasks[0].device.community.get_secret_value()


def problems(written: Load, text: str, **environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        written(text, **environ)
    assert "hush" not in f"{caught.value} {caught.value!r}"
    return [str(one).partition(": ")[2] for one in caught.value.problems]


def test_a_file_and_a_variable_need_no_other_package(written, tmp_path):
    """`${file:…}` begins at the configuration's folder, without its last line break."""
    (tmp_path / "key").write_text("hush ${X} {a: b}\n")
    assert community(written(TASK.format("${file:key}"))) == "hush ${X} {a: b}"
    assert community(written(TASK.format("${file:" + f"{tmp_path}/key" + "}"))).startswith("hush")
    assert community(written(TASK.format("${env:X}"), X="y")) == "y"
    assert community(written(TASK.format("${env:X:-z}"))) == "z"
    assert community(written(TASK.format("<${X}|${file:key}|$${file:key}>"), X="y")) == (
        "<y|hush ${X} {a: b}|${file:key}>"
    )


def test_a_secret_comes_from_the_first_provider_that_has_it(written):
    """In the order that is set; else in that of the file. One can be asked by name."""
    both = "safe: {keys: {k: one}}, drawer: {keys: {k: two, d: three}}"
    task = TASK.format("${secret:k} ${secret:d} ${drawer:k}")
    assert community(written(f"secrets: {{{both}}}\n{task}")) == "one three two"
    order = f"secrets: {{order: [drawer, safe], {both}}}\n"
    assert community(written(order + task)) == "two three two"
    env = f"secrets: {{order: [env, safe], {both}}}\n"
    assert community(written(env + TASK.format("${secret:k}"), k="four")) == "four"


def test_settings_of_providers_may_be_secrets(written, tmp_path):
    """They come from providers without settings."""
    (tmp_path / "key").write_text("inner")
    text = "secrets: {safe: {keys: {k: '${file:key}', e: '${E}'}}}\n"
    loaded = written(text + TASK.format("${secret:k} ${secret:e}"), E="env")
    assert community(loaded) == "inner env"
    assert tmp_path / "key" in loaded.watched
    assert "inner" not in dump(loaded)


@pytest.mark.parametrize(
    ("secrets", "reference", "told"),
    [
        ("", "${secret:k}",
         "there is no such secret (asked: drawer, safe); put k into it; put k into it"),
        ("refuses: k", "${secret:k}", "provider safe: it is locked"),
        ("", "${broken:k}", "provider broken: ZeroDivisionError"),
        ("", "${saf:k}", "provider saf: no provider is called 'saf'; did you mean safe?"),
        ("", "${file:gone}", "there is no such secret (asked: file)"),
        ("", "${file:.}", "provider file: "),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_told_with_key_and_provider(written, secrets, reference, told):
    """And never with a value. Whoever cannot say ends the search: another password could lock an account."""
    text = f"secrets: {{safe: {{{secrets}}}, drawer: {{keys: {{k: hush}}}}}}\n" if secrets else ""
    (problem,) = problems(written, text + TASK.format(reference))
    assert problem.startswith(f"tasks[0].config.community: {reference}: {told}")


def test_an_error_in_the_section_is_told_by_itself(written):
    """Nobody can be asked then."""
    assert problems(written, "secrets: {saf: {}, order: [drawers], safe: {kyes: {}}}\n") == [
        "secrets.saf: no provider is called 'saf'; did you mean safe?",
        "secrets.safe.kyes: unknown key; did you mean keys?",
        "secrets.order[0]: no provider is called 'drawers'; did you mean drawer?",
    ]  # fmt: skip


def test_without_a_provider_it_says_what_to_install(written):
    """The runtime alone has none for `${secret:…}`."""
    with pytest.raises(SettingsError, match="`pip install orbital-secrets`"):
        written(
            TASK.format("${secret:k}"), registry=Registry.of(plugins=[Gauge], providers=[Files])
        )


def test_a_provider_that_hangs_is_given_up(written):
    """The deadline is for all of them; what was answered in time is not a problem."""
    text = "secrets: {timeout: 50ms, safe: {keys: {k: v}}}\n" + TASK.format("${safe:k} ${slow:k}")
    try:
        (problem,) = problems(written, text)
    finally:
        Slow.may.set()
    assert problem.endswith("${slow:k}: provider slow gave no answer within 50ms (secrets.timeout)")


def test_each_provider_is_asked_once_for_each_name(written):
    """However often a secret is used, also by an alias."""
    text = "secrets: {safe: {keys: {k: v}}}\n"
    tasks = ", ".join(
        f"{{id: t{n}, plugin: gauge, device: {{host: h, community: '${{secret:k}}'}}}}"
        for n in range(9)
    )
    loaded = written(f"{text}tasks: [{tasks}]\n")
    assert loaded.secrets.providers.get("safe").asked == ("k",)


def test_what_a_provider_gave_is_hidden_wherever_it_stands(written):
    """Also in a key that no model declares to be a secret."""
    text = (
        "secrets: {safe: {keys: {k: hush-hush-1}}}\n"
        "sender: {direct: {store: {url: 'http://h/${secret:k}', colour: '${secret:k}'}}}\n"
    )
    loaded = written(text)
    assert loaded.outputs[0].config.colour == "hush-hush-1"
    assert "hush" not in dump(loaded)
    assert "hush" not in scrub("it said hush-hush-1")
    again = written(text.replace("hush-hush-1", "hush-hush-2"), before=loaded)
    lines = difference(loaded, again)
    assert any("colour" in line for line in lines)
    assert "hush" not in str(lines)


def test_a_provider_goes_on_while_its_settings_are_the_same(written):
    """What it learned, such as a login, is not lost with each reload."""
    text = "secrets: {safe: {keys: {k: v}}}\n" + TASK.format("${secret:k}")
    first = written(text)
    second = written(text + "# more\n", before=first)
    third = written(text.replace("k: v", "k: w"), before=second)
    safes = [one.secrets.providers.get("safe") for one in (first, second, third)]
    assert safes[0] is safes[1]
    assert safes[1] is not safes[2]


def test_only_a_secret_that_no_file_holds_is_asked_for_again(written, tmp_path):
    """Files are watched. Whoever does not answer has changed nothing."""
    (tmp_path / "key").write_text("1")
    text = "secrets: {safe: {keys: {k: v}}}\n" + TASK.format("${secret:k} ${file:key}")
    loaded = written(text)
    assert tmp_path / "key" in loaded.watched
    assert not loaded.secrets.changed()
    (tmp_path / "key").write_text("2")
    assert not loaded.secrets.changed()
    safe = loaded.secrets.providers.get("safe")
    safe.config = SafeConfig(refuses="k")
    assert not loaded.secrets.changed()
    safe.config = SafeConfig(keys={"k": SecretStr("w")})
    assert loaded.secrets.changed()


def test_a_secret_in_the_settings_of_a_provider_is_for_the_owner_alone(written, tmp_path):
    """As any other that stands in a file."""
    loaded = written("secrets: {safe: {keys: {k: hush-hush}}}\n")
    assert loaded.secrets.settings["safe"].keys["k"] == SecretStr("hush-hush")
    (tmp_path / "config.yaml").chmod(0o644)
    with pytest.raises(
        SettingsError, match=r"secrets\.safe\.keys\.k: is a secret, and others may read"
    ):
        load(tmp_path / "config.yaml", {}, registry=REGISTRY)
