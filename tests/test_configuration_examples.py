"""Every configuration that we show somebody works with the plugins and writers that we ship."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orbital_runtime.settings import load, template

ROOT = Path(__file__).parents[1]


def examples(page: Path) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


EXAMPLES = examples(ROOT / "docs" / "configuration.md")
OF_WRITERS = [
    pytest.param(text, id=f"{page.parent.name} {number}")
    for page in sorted(ROOT.glob("packages/orbital-writer-*/README.md"))
    for number, text in enumerate(examples(page))
]


def loaded(tmp_path: Path, text: str):
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return load(file, dict.fromkeys(re.findall(r"\$\{(\w+)", text), "t0ken"))


def test_the_starter_file_works_as_it_is(tmp_path):
    """`sentinel config init`, then `sentinel start`: no note, no problem."""
    configuration = loaded(tmp_path, template())
    assert [task.plugin for task in configuration.tasks] == ["ping"]
    assert [output.name for output in configuration.outputs] == ["file"]
    assert configuration.notes == ()


def test_the_starter_file_works_with_all_that_it_offers(tmp_path):
    """Whoever takes a # away gets what stands behind it."""
    body = template().split("\n\n", 1)[1]
    configuration = loaded(tmp_path, re.sub(r"(?m)^( *)# ", r"\1", body))
    assert [task.plugin for task in configuration.tasks] == ["ping", "http"]
    assert [output.name for output in configuration.outputs] == ["file", "prometheus", "central"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split(":")[0])
def test_the_examples_of_the_documentation_are_valid(tmp_path, example):
    """docs/configuration.md may be copied from."""
    assert loaded(tmp_path, example).tasks


@pytest.mark.parametrize("example", OF_WRITERS)
def test_the_examples_of_writers_are_valid(tmp_path, example):
    """So may their READMEs; more keys of an output stand where its first ones do."""
    if example.startswith(" "):
        example = f"sender:\n  direct:\n    clickhouse:\n      dsn: http://h/d\n{example}"
    assert loaded(tmp_path, example).outputs


def test_the_built_in_configuration_is_valid(tmp_path, monkeypatch):
    """A machine without any configuration."""
    monkeypatch.chdir(tmp_path)
    folders = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    configuration = load(None, folders)
    assert configuration.path is None
    assert [task.plugin for task in configuration.tasks] == ["ping", "http"]
    assert configuration.notes == ()
