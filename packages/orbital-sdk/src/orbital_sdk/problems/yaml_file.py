"""Problems of a YAML file that PyYAML read and a pydantic model checked: file, line and key of each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orbital_sdk.problems.problem import Loc, Problem
from orbital_sdk.problems.validation import explain

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError


def unreadable(error: Exception, text: str, file: str) -> Problem:
    """What a `yaml.YAMLError` says, in the parser's own words."""
    lines = text.splitlines() or [""]
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = min(mark.line if mark else 0, len(lines) - 1)  # it may lie behind the end of the text
    words = getattr(error, "problem", None) or str(error).splitlines()[0]
    tab = "\t" in lines[line][: len(lines[line]) - len(lines[line].lstrip())]
    hint = "indent with spaces, not tabs" if tab else ""
    return Problem(f"not readable as YAML: {words}", hint=hint, file=file, line=line + 1)


def invalid(error: ValidationError, model: type[BaseModel], root: Any, file: str) -> list[Problem]:
    """What validation of a file's content found.

    Args:
        error: What the model raised.
        model: The model, for hints.
        root: The file as `yaml.compose` gives it; None if it is empty.
        file: What to call it.
    """
    return [
        replace(problem, file=file, line=line_of(root, problem.loc))
        for problem in explain(error, model)
    ]


def line_of(root: Any, loc: Loc) -> int:
    """The line of a value, or of the last one on the path to it that exists.

    Args:
        root: As `yaml.compose` gives it: the value of a mapping is pairs of nodes, of a sequence nodes.
        loc: The path to the value.
    """
    node, line = root, 0 if root is None else root.start_mark.line
    for part in loc:
        kind = getattr(node, "id", "")
        if kind == "mapping":
            pair = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line, pair[1]
        elif kind == "sequence" and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line
        else:
            break
    return int(line) + 1
