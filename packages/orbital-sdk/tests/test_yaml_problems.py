"""Problems of a YAML file name its file, line and key, and what was probably meant."""

from typing import Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from orbital_sdk.problems import invalid, line_of, unreadable


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    kind: Literal["gauge", "counter"] = "gauge"


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")
    parts: tuple[Part, ...] = ()


TEXT = """\
parts:
  - name: a
    kind: gaug
  - nam: b
"""


def test_problems_of_a_model():
    """Each has its line, its path and a hint; a missing key has the line of its section."""
    with pytest.raises(ValidationError) as caught:
        Whole.model_validate(yaml.safe_load(TEXT))
    problems = invalid(caught.value, Whole, yaml.compose(TEXT), "x.yaml")
    assert [str(problem) for problem in problems] == [
        "x.yaml:3: parts[0].kind: must be gauge or counter; did you mean gauge?",
        "x.yaml:4: parts[1].name: is missing",
        "x.yaml:4: parts[1].nam: unknown key; did you mean name?",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [\n", "x.yaml:1: not readable as YAML: "),
        ("a:\n\tb: 1\n", "x.yaml:2: not readable as YAML: "),
    ],
)
def test_unreadable(text, said):
    """The line is one that the file has; tabs get a hint."""
    with pytest.raises(yaml.YAMLError) as caught:
        yaml.safe_load(text)
    problem = str(unreadable(caught.value, text, "x.yaml"))
    assert problem.startswith(said)
    assert ("not tabs" in problem) == ("\t" in text)


def test_line_of_an_empty_file():
    """Everything is in its first line."""
    assert line_of(yaml.compose(""), ("parts", 0)) == 1
