"""Secrets in a configuration: for the owner alone, and in no message or repr."""

from functools import cached_property

import pytest
from pydantic import BaseModel, SecretStr

from orbital_runtime.settings import SettingsError
from orbital_runtime.settings.secrecy import secrets_in


def test_the_clear_text_of_a_secret_must_be_for_the_owner_alone(desk):
    """A literal secret in a file that others may read is refused, with the command that helps."""
    text = (
        "depot: {token: abcd}\n"
        "sender: {direct: {store: {url: u, password: x}}}\n"
        "tasks:\n- {id: a, plugin: gauge, config: {host: h, login: {user: u, password: p}}}\n"
    )
    desk.file.write_text(text)
    desk.file.chmod(0o640)
    with pytest.raises(SettingsError) as caught:
        desk.again()
    (problem,) = desk.short(caught.value)
    assert problem.startswith("config.yaml:1: depot.token: is a secret, and others may read this")
    assert f"run `chmod 600 {desk.file}`, or write ${{NAME}}" in str(caught.value)
    desk.file.chmod(0o600)
    assert desk.again().tasks


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("tasks:\n- {id: a, plugin: gauge, config: {host: h, login: {user: u, password: p}}}",
         "tasks[0].config.login.password"),
        ("tasks:\n- {id: a, plugin: gauge, device: {host: h, community: p}}", "tasks[0].device.community"),
        ("tasks:\n- {id: a, plugin: x, enabled: false, config: {password: p}}", "tasks[0].config.password"),
        ("sender: {direct: {store: {url: u, password: p}}}", "sender.direct.store.password"),
        ("sender: {direct: {later: {enabled: false, auth: {token: p}}}}", "sender.direct.later.auth.token"),
        ("plugins: {config: {gauge: {community: p}}}\ntasks:\n- {id: a, plugin: gauge, config: {host: h}}",
         "plugins.config.gauge.community"),
    ],
)  # fmt: skip
def test_secrets_are_found_wherever_they_stand(desk, text, key):
    """In outputs, devices, defaults of plugins; in what is switched off their names give them away."""
    desk.file.write_text(text)
    desk.file.chmod(0o604)
    with pytest.raises(SettingsError) as caught:
        desk.again()
    assert [problem.key for problem in caught.value.problems] == [key]


def test_secrets_from_the_environment_may_be_in_an_open_file(desk):
    """`${NAME}` keeps the file harmless; a literal default does not."""
    text = "depot: {token: '${T:-}'}\nsender: {direct: {store: {url: u, password: '${P:-x}'}}}\n"
    desk.file.write_text(text)
    desk.file.chmod(0o644)
    assert desk.again(T="t", P="p").settings.depot.token.get_secret_value() == "t"
    with pytest.raises(SettingsError, match=r"sender\.direct\.store\.password: is a secret"):
        desk.again(T="t")


@pytest.mark.parametrize(
    ("address", "harmless"),
    [
        ("tcp://clickhouse:9000/metrics?compress=true", True),
        ("http://clickhouse:8123/metrics?password=p", False),
        ("http://u:p@clickhouse:8123/metrics", False),
        ("http://t@clickhouse:8123/metrics", False),
    ],
)
def test_an_address_is_secret_for_what_stands_in_it(desk, address, harmless):
    """A key that may hold user and password, such as a DSN, is no secret where it holds neither."""
    desk.file.write_text(f"sender: {{direct: {{store: {{url: u, password: '{address}'}}}}}}")
    desk.file.chmod(0o644)
    if harmless:
        assert desk.again().outputs
        return
    with pytest.raises(SettingsError, match="is a secret"):
        desk.again()


def test_no_problem_repeats_a_secret(desk):
    """Neither values from the environment nor those of keys that sound secret are in a message."""
    problems = desk.problems(
        "depot: {token: [hush-hush]}\n"
        "sender: {timeout: '${WAIT}'}\n"
        "tasks:\n- {id: a, plugin: gauge, config: {host: '-hush-hush', community: 5, timeout: '${WAIT}'}}\n",
        WAIT="hush-hush",
    )
    assert len(problems) == 5
    assert not [problem for problem in problems if "hush" in problem]


def test_secrets_are_in_no_repr(desk):
    """Whatever is logged of a configuration, its secrets are not in it."""
    text = (
        "depot: {token: hush-hush}\n"
        "plugins: {config: {gauge: {community: hush-hush}}}\n"
        "processors: [{name: drop, names: [hush-hush]}]\n"
        "sender: {direct: {store: {url: u, password: hush-hush}}}\n"
        "tasks:\n- {id: a, plugin: gauge, config: {host: h, community: hush-hush}}\n"
    )
    loaded = desk.load(text)
    assert "hush" not in repr(loaded.settings)
    assert "hush" not in repr((loaded.tasks, loaded.outputs))


def test_what_a_model_computes_for_itself_is_no_field_of_it():
    """A plugin's configuration may keep what it worked out (Modbus keeps a map): its secrets are found all
    the same, and loading does not stumble.
    """

    class Model(BaseModel):
        password: SecretStr = SecretStr("known to all")
        token: SecretStr = SecretStr("")

        @cached_property
        def worked_out(self) -> str:
            return "much"

    model = Model(token=SecretStr("hidden"))
    assert model.worked_out
    assert list(secrets_in(model)) == ["hidden"]
