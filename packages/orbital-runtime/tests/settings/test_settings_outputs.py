"""Outputs and processors of a configuration, and notes on what has no effect yet."""

from typing import Any, get_type_hints

import pytest

from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import Settings, SettingsError, notes, outputs, processors
from orbital_runtime.settings.model.addition import additions, settings_model
from orbital_runtime.settings.model.base import Section
from orbital_runtime.settings.model.delivery import (
    BreakerOverride,
    BreakerSection,
    BufferSection,
    OutputSection,
    SenderSection,
)
from orbital_runtime.settings.validation.outputs import CONFIGURABLE
from orbital_runtime_testing.parts import Drop, Store, StoreConfig, made_up


def settings(**sections) -> Settings:
    return settings_model(additions(made_up())).model_validate(sections)


def direct(name: str = "store", /, mode: str = "direct", **keys) -> Settings:
    return settings(sender={"mode": mode, "direct": {name: {"url": "u"} | keys}})


def test_an_output_takes_the_senders_numbers():
    """What it leaves out is as in `sender` and `buffer`."""
    (output,) = outputs(
        settings(
            buffer={"flush_interval": "3s"},
            sender={
                "batch_size": 10, "batch_bytes": "64KiB", "timeout": "4s", "retry_times": 6,
                "retry_interval": "2s", "retry_max_interval": "50s", "pause_retry": "7s",
                "breaker": {"reset": "9s"},
                "backlog_after": "2m", "backlog_rate": 5000,
                "direct": {"store": {"url": "u"}},
            },
        ),
        made_up(),
    )  # fmt: skip
    assert (output.name, output.writer) == ("store", Store)
    assert output.config == StoreConfig(url="u", timeout=4)
    assert (output.policy.batch_size, output.policy.batch_bytes) == (10, 65536)
    assert (output.policy.flush_interval, output.policy.timeout) == (3, 4)
    assert (output.policy.retry_interval, output.policy.retry_max_interval) == (2, 50)
    assert output.policy.pause_retry == 7
    assert (output.policy.breaker_failures, output.policy.breaker_reset) == (6, 9)
    assert (output.policy.backlog_after, output.policy.backlog_rate) == (120, 5000)


def test_an_output_may_have_its_own_numbers():
    """Each of them, and those that its writer knows by the same name go there as well."""
    (output,) = outputs(
        direct(
            "mine", writer="store", batch_size=1, batch_bytes=2048, flush_interval="0s",
            timeout="1s", retry_times=2, retry_interval="20ms", retry_max_interval="5s",
            pause_retry="1s",
            breaker={"reset": "1m"}, password="p", backlog_after="5s", backlog_rate=10,
        ),
        made_up(),
    )  # fmt: skip
    assert (output.name, output.policy.batch_size, output.policy.batch_bytes) == ("mine", 1, 2048)
    assert (output.policy.flush_interval, output.policy.timeout, output.config.timeout) == (0, 1, 1)
    assert (output.policy.retry_interval, output.policy.retry_max_interval) == (0.02, 5)
    assert output.policy.pause_retry == 1
    assert (output.policy.breaker_failures, output.policy.breaker_reset) == (2, 60)
    assert (output.policy.backlog_after, output.policy.backlog_rate) == (5, 10)
    assert output.config.password.get_secret_value() == "p"


def keys(model: type[Section], prefix: str = "") -> dict[str, Any]:
    """The type of each key, bounds included, where it may be left out."""
    found = get_type_hints(model, include_extras=True)
    return {prefix + name: annotation | None for name, annotation in found.items()}


def test_an_output_has_each_number_of_a_delivery_policy():
    """Under the same key as in `sender` or `buffer`, with the same type and bounds."""
    own = keys(OutputSection) | keys(BreakerOverride, "breaker_")
    usual = keys(BufferSection) | keys(SenderSection) | keys(BreakerSection, "breaker_")
    numbers = CONFIGURABLE | {"retry_times"}
    assert {name: own.get(name) for name in numbers} == {name: usual[name] for name in numbers}


@pytest.mark.parametrize(
    ("sender", "output", "failures"),
    [
        ({}, {}, 3),
        ({"retry_times": 0}, {}, 1),
        ({"retry_times": 4, "breaker": {"failures": 8}}, {}, 8),
        ({"breaker": {"failures": 8}}, {"retry_times": 2}, 2),
        ({"breaker": {"failures": 8}}, {"retry_times": 2, "breaker": {"failures": 9}}, 9),
    ],
)
def test_retry_times_opens_the_breaker_unless_it_has_its_own_number(sender, output, failures):
    """The nearest number counts; never none at all."""
    (found,) = outputs(
        settings(sender=sender | {"direct": {"store": {"url": "u"} | output}}), made_up()
    )
    assert found.policy.breaker_failures == failures


def test_modes_say_which_outputs_get_samples():
    """`direct` all that are enabled, others as their extension says; those are checked in any."""
    assert [o.name for o in outputs(direct(mode="direct"), made_up())] == ["store"]
    assert [o.name for o in outputs(direct(mode="both"), made_up())] == ["store"]
    assert outputs(direct(mode="depot"), made_up()) == []
    assert outputs(direct(enabled=False), made_up()) == []
    with pytest.raises(SettingsError):
        outputs(direct(mode="depot", shade="red"), made_up())


def test_every_bad_output_is_told_at_once():
    """With the way to the key, and the writer's own fields for hints."""
    with pytest.raises(SettingsError) as caught:
        outputs(
            settings(
                sender={
                    "direct": {
                        "a": {"writer": "store"},
                        "b": {},
                        "store": {"url": "u", "pasword": 1, "enabeld": True},
                    }
                }
            ),
            made_up(),
        )
    assert [str(p) for p in caught.value.problems] == [
        "sender.direct.a.url: is missing; it is: Address",
        (
            "sender.direct.b: no writer is called 'b'; installed: store; "
            "`pip install` the package that brings it, as in orbital-writer-NAME"
        ),
        "sender.direct.store.pasword: unknown key; did you mean password?",
        "sender.direct.store.enabeld: unknown key; did you mean enabled?",
    ]


def test_processors_keep_their_order():
    """Each with its own checked settings."""
    chain = processors(
        settings(processors=[{"name": "drop", "names": ["x"]}, {"name": "drop", "names": []}]),
        made_up(),
    )
    assert [(p.processor, p.config.names) for p in chain] == [(Drop, ["x"]), (Drop, [])]


def noted(registry: Registry | None = None, /, **sections) -> dict[str, str]:
    return {n.key: n.message for n in notes(settings(**sections), registry or made_up())}


def test_a_configuration_without_outputs_or_tasks_says_so():
    """Nothing is collected, nothing goes anywhere: that is worth a line."""
    assert set(noted()) == {"tasks", "sender.direct"}


def test_a_running_configuration_has_no_notes():
    """Notes are for what is switched on in vain."""
    task = {"id": "t", "plugin": "gauge", "timeout": "5m"}
    assert noted(sender={"direct": {"store": {"url": "u"}}}, tasks=[task]) == {}


@pytest.mark.parametrize(
    ("sections", "key", "word"),
    [
        ({"sender": {"mode": "depot"}}, "sender.mode", "wait in the buffer"),
        ({"depot": {"url": "u"}}, "sender.direct", "or set sender.mode: depot"),
        ({"sender": {"mode": "depot", "direct": {"store": {}}}}, "sender.direct.store", "gets nothing"),
        ({"tasks": [{"id": "t", "plugin": "gauge", "timeout": "9m"}]}, "tasks.t.timeout", "5m"),
    ],
)  # fmt: skip
def test_what_is_switched_on_in_vain_is_noted(sections, key, word):
    """Each such key, and what happens instead."""
    assert word in noted(**sections)[key]


def test_an_output_whose_writer_is_not_installed_is_refused():
    """Also one that the built-in configuration's comments name: nothing is lost without a word."""
    with pytest.raises(SettingsError, match="no writer is called 'clickhouse'"):
        outputs(settings(sender={"direct": {"clickhouse": {"dsn": "x"}}}), made_up())
