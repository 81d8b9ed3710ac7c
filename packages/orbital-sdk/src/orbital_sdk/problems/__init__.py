"""What is wrong with a user's configuration, in words: of pydantic's errors, and of YAML files."""

from orbital_sdk.problems.problem import Loc, Problem, dotted, undotted
from orbital_sdk.problems.validation import explain
from orbital_sdk.problems.yaml_file import invalid, line_of, unreadable

__all__ = ["Loc", "Problem", "dotted", "explain", "invalid", "line_of", "undotted", "unreadable"]
