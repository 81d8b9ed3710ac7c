"""A task as it stands in the configuration becomes one that can run."""

import pytest
from pydantic import ValidationError

from orbital_runtime.settings import Settings, SettingsError, TaskSection, bind
from orbital_runtime.settings.validation.binding import Binder
from orbital_runtime_testing.parts import GaugeConfig, GaugeDevice, made_up
from orbital_sdk import Plugin, PluginConfig
from orbital_sdk.problems import explain


def task(**keys) -> TaskSection:
    return TaskSection.model_validate({"id": "t", "plugin": "gauge"} | keys)


def settings(**sections) -> Settings:
    return Settings.model_validate(sections)


def problems(section: TaskSection, *, strict: bool = True, **sections) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        bind(section, made_up(), settings(**sections), strict=strict)
    return list(map(str, caught.value.problems))


def test_one_map_holds_device_and_plugin_fields():
    """The flat form of older configurations: each key goes where it belongs, a shared one to both."""
    bound = bind(task(config={"host": "h", "count": 7, "timeout": "5s"}), made_up(), settings())
    assert bound.device == GaugeDevice(host="h", timeout=5)
    assert bound.config == GaugeConfig(count=7, timeout=5)


def test_device_and_config_may_stand_apart():
    """Then neither takes the other's keys, and a shared key may differ."""
    section = task(device={"host": "h", "timeout": "5s"}, config={"timeout": "6s"})
    bound = bind(section, made_up(), settings())
    assert (bound.device.timeout, bound.config.timeout) == (5, 6)
    assert problems(task(device={"host": "h", "count": 3}, config={"port": 3})) == [
        "device.count: unknown key; it belongs under `config`",
        "config.port: unknown key; it belongs under `device`",
    ]


def test_defaults_of_the_plugin_lie_under_each_task():
    """`plugins.config.gauge` gives what a task leaves out, also fields of the device."""
    defaults = settings(plugins={"config": {"gauge": {"port": 1, "count": 9, "timeout": "9s"}}})
    flat = bind(task(config={"host": "h", "count": 2}), made_up(), defaults)
    assert (flat.device.port, flat.config.count, flat.config.timeout) == (1, 2, 9)
    apart = bind(task(device={"host": "h", "port": 2}), made_up(), defaults)
    assert (apart.device.port, apart.config.count) == (2, 9)


def test_a_bad_default_is_told_at_its_own_place():
    """Not at each of a thousand tasks."""
    defaults = {"plugins": {"config": {"gauge": {"port": 0}}}}
    assert problems(task(config={"host": "h"}), **defaults) == [
        "plugins.config.gauge.port: must be at least 1"
    ]


@pytest.mark.parametrize(
    ("keys", "interval", "timeout"),
    [
        ({}, 60, 30),
        ({"interval": "10s"}, 10, 10),
        ({"interval": "100ms"}, 0.1, 1),
        ({"interval": "10s", "timeout": "20s"}, 10, 20),
        ({"interval": 600, "timeout": 1000}, 600, 300),
        ({"timeout": "1ms"}, 60, 0.001),
    ],
)
def test_times_that_a_task_leaves_out_are_sensible(keys, interval, timeout):
    """By default a run ends before the next; no run is longer than collector.max_execution_time."""
    bound = bind(task(config={"host": "h"}, **keys), made_up(), settings())
    assert (bound.interval, bound.timeout) == (interval, timeout)


def test_collector_sets_the_defaults():
    """`default_interval`, `default_timeout` and `max_execution_time` have their effect."""
    own = settings(collector={"default_interval": "5m", "default_timeout": "7s"})
    bound = bind(task(config={"host": "h"}), made_up(), own)
    assert (bound.interval, bound.timeout) == (300, 7)
    own = settings(collector={"max_execution_time": "3s"})
    assert bind(task(config={"host": "h"}), made_up(), own).timeout == 3


def test_everything_else_of_a_task_arrives():
    """Priority, retries, labels; a device is called like the task if nothing else is said."""
    bound = bind(
        task(device_id="d", priority=9, retry_count=2, labels={"rack": 7}, config={"host": "h"}),
        made_up(),
        settings(),
    )
    assert (bound.device_id, bound.priority, bound.retries) == ("d", 9, 2)
    assert bound.labels == {"rack": "7"}
    assert bind(task(config={"host": "h"}), made_up(), settings()).device_id == "t"


def test_everything_wrong_with_a_task_is_told_at_once():
    """Unknown keys, missing ones and bad ones of both models, nested ones included."""
    config = {"prot": 1, "count": 0, "login": {"user": 5, "pasword": "x"}}
    assert problems(task(config=config)) == [
        "config.prot: unknown key; did you mean port?",
        "config.host: is missing; it is: Address or DNS name",
        "config.login.user: must be text; put it in quotes",
        "config.login.password: is missing",
        "config.login.pasword: unknown key; did you mean password?",
        "config.count: must be at least 1",
    ]


def test_a_key_of_the_task_that_slipped_down_is_recognised():
    """`interval` below `config` is a common slip."""
    assert problems(task(config={"host": "h", "interval": "5s"})) == [
        "config.interval: unknown key; this plugin has none; the task's own interval stands beside `plugin`"
    ]


def test_unknown_keys_are_passed_over_where_an_extension_hands_them_out():
    """What a server sends may hold more than this version knows; what is wrong stays wrong."""
    section = task(config={"host": "h", "colour": "red"})
    assert bind(section, made_up(), settings(), strict=False).device.host == "h"
    assert problems(task(config={"colour": "red"}), strict=False) == [
        "config.host: is missing; it is: Address or DNS name"
    ]


def test_the_plugin_may_refuse_a_device():
    """`validate_device` says what the model cannot; a bug in it costs this task alone."""
    assert problems(task(config={"host": "refused.example"})) == [
        "this gauge is known to be broken; choose another"
    ]
    assert problems(task(config={"host": "buggy.example"})) == [
        "plugin 'gauge' failed over it: ZeroDivisionError: a bug"
    ]


def test_a_plugin_is_made_once_for_all_tasks_of_equal_settings():
    """Ten thousand tasks do not make ten thousand plugins to be checked, nor keep as many settings."""
    made = []

    class Counting(Plugin[GaugeDevice, GaugeConfig]):
        name = "gauge"

        def __init__(self, config):
            super().__init__(config)
            made.append(config.count)

        def validate_device(self, device):
            assert device.host

        def collect(self, device, ctx):
            return []

    binder = Binder(type(made_up()).of(plugins=[Counting]), settings())
    bound = [
        binder.bind(task(config={"host": f"h{count}", "count": count})) for count in (1, 1, 2, 1, 2)
    ]
    assert made == [1, 2]
    assert len({id(each.config) for each in bound}) == 2


def test_a_list_is_called_one():
    """Whatever the plugin's author keeps it in."""

    class Fields(PluginConfig):
        many: list[int]
        some: tuple[int, ...]

    with pytest.raises(ValidationError) as caught:
        Fields.model_validate({"many": 1, "some": 1})
    assert {problem.message for problem in explain(caught.value, Fields)} == {
        "must be a list, that is, lines that begin with `- `"
    }


def test_an_unknown_plugin_is_told_with_what_is_there():
    """The hint says how more gets there."""
    (problem,) = problems(task(plugin="snmp"))
    assert problem == (
        "plugin: no plugin is called 'snmp'; installed: gauge; "
        "`pip install` the package that brings it, as in orbital-plugin-NAME"
    )
