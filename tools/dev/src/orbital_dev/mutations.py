"""Single changes to a module that its tests should notice. Pure: source text in, source texts out."""

from __future__ import annotations

import ast
from difflib import unified_diff
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

Change = tuple[ast.AST, ast.AST]
"""What is replaced, and by what."""
T = TypeVar("T", bound=ast.AST)

COMPARISONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
}  # fmt: skip
CALLS: Final = {"all": "any", "any": "all", "min": "max", "max": "min"}
LOGGERS: Final = {"logger", "_log", "_logger", "log"}
"""What is said for people only is left alone."""


class Mutation(NamedTuple):
    """One change."""

    line: int
    source: str
    """The whole module with it."""
    diff: str
    """The lines that differ."""


def mutations(source: str) -> Iterator[Mutation]:
    """Every change to this module, in the order of its lines.

    Left alone: annotations, decorators, strings, what is logged, and numbers that are given a name or
    a default, which are choices and no behaviour.
    """
    text = source.encode()
    starts = [0, *accumulate(len(line) for line in text.splitlines(keepends=True))]
    changes = [change for node in _nodes(ast.parse(source)) for change in _changes(node)]
    for old, new in sorted(changes, key=lambda change: _span(change[0], starts)):
        start, stop = _span(old, starts)
        changed = (text[:start] + ast.unparse(new).encode() + text[stop:]).decode()
        yield Mutation(_line(old), changed, _diff(source, changed))


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes whose change could matter."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list"}:
            continue
        children = cast("list[object]", value) if isinstance(value, list) else [value]
        for child in children:
            if isinstance(child, ast.AST) and not _is_left_alone(node, child):
                yield from _nodes(child)


def _is_left_alone(parent: ast.AST, child: ast.AST) -> bool:
    match parent, child:
        case _, ast.JoinedStr():  # before Python 3.12 nobody knows where the parts of one are
            return True
        case _, ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case _, ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):
            return name in LOGGERS
        case ast.AnnAssign() | ast.arguments(), ast.Constant():
            return True
        case _:
            return False


def _changes(node: ast.AST) -> Iterator[Change]:
    yield from _of_statement(node) if isinstance(node, ast.stmt) else _of_expression(node)


def _of_expression(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare(ops=ops):
            for index, op in enumerate(ops):
                other = COMPARISONS[type(op)]()
                yield node, _with(node, ops=[*ops[:index], other, *ops[index + 1 :]])
        case ast.BoolOp(op=op):
            yield node, _with(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield node, operand
        case ast.Constant(value=bool(value)):
            yield node, ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield node, ast.Constant(value + 1)
        case ast.Call(func=ast.Name(id=name) as function) if name in CALLS:
            yield function, ast.Name(CALLS[name])
        case ast.BinOp(op=op) if type(op) in ARITHMETIC:
            yield node, _with(node, op=ARITHMETIC[type(op)]())
        case ast.IfExp(test=test) if _is_bare(test):
            yield test, ast.UnaryOp(ast.Not(), test)
        case _:
            pass


def _of_statement(node: ast.stmt) -> Iterator[Change]:
    match node:
        case ast.AugAssign(op=op) if type(op) in ARITHMETIC:
            yield node, _with(node, op=ARITHMETIC[type(op)]())
        case ast.If(test=test) | ast.While(test=test) if _is_bare(test):
            yield test, ast.UnaryOp(ast.Not(), test)
        case ast.Return(value=ast.expr() as value) if not _is_nothing(value):
            yield node, ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.Raise():
            yield node, ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield node, ast.Pass()
        case _:
            pass


def _with(node: T, **fields: object) -> T:
    return type(node)(**{name: getattr(node, name) for name in node._fields} | fields)


def _is_bare(test: ast.expr) -> bool:
    return isinstance(test, ast.Name | ast.Attribute | ast.Call | ast.Await)


def _is_nothing(value: ast.expr) -> bool:
    """Whether None in its place would hardly be another answer."""
    return isinstance(value, ast.Constant) and not value.value


def _line(node: ast.AST) -> int:
    return getattr(node, "lineno", 0)


def _span(node: ast.AST, starts: list[int]) -> tuple[int, int]:
    """Where it stands, in bytes."""
    first, last = _line(node), getattr(node, "end_lineno", 0)
    column, end = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 0)
    return starts[first - 1] + column, starts[last - 1] + end


def _diff(old: str, new: str) -> str:
    lines = unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0)
    return "\n".join(line for line in lines if line[:2] not in {"--", "++", "@@"})
