"""Settings as a key: tasks of equal settings share an instance."""

from functools import cached_property

from pydantic import Field, PrivateAttr, SecretStr

from orbital_runtime.plugins.freeze import freeze
from orbital_sdk import PluginConfig


class Config(PluginConfig):
    secret: SecretStr = SecretStr("")
    tags: dict[str, list[int]] = Field(default_factory=dict[str, list[int]])


def test_settings_freeze_by_value():
    """Equal settings, equal keys; other secrets, other keys; and no secret in sight."""
    one = Config(secret="a", tags={"x": [1, 2], "y": []})
    assert freeze(one) == freeze(Config(secret="a", tags={"y": [], "x": [1, 2]}))
    assert freeze(one) != freeze(Config(secret="b", tags=one.tags))
    assert freeze(one) != freeze(Config(secret="a", tags={"x": [2, 1], "y": []}))
    assert len({freeze(one), freeze(one)}) == 1
    assert "'a'" not in repr(freeze(one))


class Derived(PluginConfig):
    """Settings with things worked out of them, and one that comes from elsewhere."""

    path: str = ""
    _content: str = PrivateAttr("")

    @cached_property
    def compiled(self) -> object:
        return object()


def test_what_is_worked_out_of_settings_is_no_part_of_their_key():
    """Tasks share an instance as soon as their settings are equal; a private attribute is part of that."""
    one, other = Derived(path="a"), Derived(path="a")
    assert one.compiled is not other.compiled
    assert one == other
    assert freeze(one) == freeze(other)
    other._content = "changed"
    assert one != other
    assert freeze(one) != freeze(other)
