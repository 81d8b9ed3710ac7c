"""Converts the configuration of an older sentinel to current keys; keeps comments, order and `${NAME}`."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any, Final

from ruamel.yaml import YAML, YAMLError
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.tokens import CommentToken

from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings.model.addition import additions
from orbital_runtime.settings.problem import SettingsError
from orbital_runtime.settings.source import files
from orbital_runtime.settings.source.document import parse
from orbital_runtime.settings.source.renamed import NODES, Kind, all_renamed, renew
from orbital_sentinel.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orbital_runtime.settings.source.tree import Node
    from orbital_sdk.problems import Loc, Problem

COMMENTED: Final[Kind[Any]] = Kind(
    inside=lambda node: node if _is_section(node) else None,
    value=lambda node: node,
    make=lambda value, _: CommentedMap() if value == {} else value,
)
BEHIND: Final = 2
"""Index in a key's comments of the one after its value, with all lines up to the next key."""


class _AsWritten(dict[str, str]):
    """An environment in which every variable has its own name as value, so that `${NAME}` is kept."""

    def get(self, key: str, default: object = None) -> str:  # pyright: ignore[reportIncompatibleMethodOverride] (no overloads needed)
        return f"${{{key}}}"


def convert_file(file: Path) -> tuple[str, list[tuple[str, str]]]:
    """Returns the new text, and the changes: an old key and a sentence each.

    Raises:
        SettingsError: The file cannot be read.
        Failure: Its notation cannot be preserved.
    """
    text = _read(file)
    wanted = _parsed(text, file)
    moves = all_renamed(additions(Registry.discover()))
    done = list(renew(wanted, NODES, moves))
    new = _rewritten(text, moves) or ""
    if not new or _parsed(new, file).plain() != wanted.plain():
        raise Failure(f"{file} is written in a way that cannot be kept; change its keys by hand")
    return new, done


def _read(file: Path) -> str:
    problems: list[Problem] = []
    text = files.read(file, problems)
    if text is None:
        raise SettingsError(problems)
    return text


def _parsed(text: str, file: Path) -> Node:
    problems: list[Problem] = []
    root = parse(text, str(file), _AsWritten(), problems)
    if root is None or problems:
        raise SettingsError(problems)
    return root


def _rewritten(text: str, moves: Mapping[Loc, Loc]) -> str | None:
    """The text with renamed keys; None if the library cannot parse it."""
    yaml: Any = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 16  # do not wrap long lines
    yaml.indent(mapping=2, sequence=4, offset=2)
    try:
        document = yaml.load(text)
    except YAMLError:
        return None
    comments = {old: _comment(document, old) for old in moves}
    above = {old: _above(document, old, moves) for old in moves}
    list(renew(document, COMMENTED, moves))
    for old, new in moves.items():
        if comments[old]:
            _put_back(document, comments[old], old, new, above[old])
    out = StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def _section(document: Any, way: Loc) -> Any:
    """The section that holds this key; None if there is none."""
    node: Any = document
    for part in way[:-1]:
        node = node.get(part, "") if _is_section(node) else ""
    return node if _is_section(node) and way[-1] in node else None


def _is_section(node: Any) -> bool:
    return isinstance(node, CommentedMap)


def _comment(document: Any, way: Loc) -> Any:
    section = _section(document, way)
    found = None if section is None else section.ca.items.pop(way[-1], None)
    return found and found[BEHIND]


def _above(document: Any, way: Loc, moves: Mapping[Loc, Loc]) -> Loc | None:
    """The key before this one in its section that is not renamed."""
    found: Loc | None = None
    for key in _section(document, way) or ():
        if key == way[-1]:
            break
        if (*way[:-1], key) not in moves:
            found = (*way[:-1], key)
    return found


def _put_back(document: Any, comment: Any, old: Loc, new: Loc, above: Loc | None) -> None:
    """Move the comment on a key's line with the key; the lines below, which belong to the next key, stay."""
    behind, _, below = comment.value.partition("\n")
    moved = new if _section(document, new) is not None else above
    stays = above if moved is above or new[: len(old) - 1] != old[:-1] else moved
    _attach(document, moved, comment, behind)
    _attach(document, stays or moved, comment, below.strip("\n") and f"\n{below}")


def _attach(document: Any, way: Loc | None, like: Any, text: str) -> None:
    section = None if way is None else _section(document, way)
    if way is None or section is None or not text:
        return
    beside = section.ca.items.setdefault(way[-1], [None, None, None, None])
    before: str = "" if beside[BEHIND] is None else beside[BEHIND].value.rstrip("\n")
    text = text if text.endswith("\n") else f"{text}\n"
    beside[BEHIND] = CommentToken(f"{before}{text}", like.start_mark)
