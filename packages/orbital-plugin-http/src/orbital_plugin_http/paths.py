"""JSONPath (RFC 9535), through python-jsonpath, with its filters and pattern functions bounded.

The library is loaded when the first path is, for it takes a tenth of a second.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from orbital_plugin_http.budget import spend
from orbital_plugin_http.patterns import compiled, found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonpath import JSONPath, JSONPathEnvironment

    Container = dict[str, Any] | list[Any]

ROOT: Final = "$root"
KEY: Final = "$key"


def check_path(text: str) -> str:
    """The path, if it is one.

    Raises:
        ValueError: It is none; the message says where it breaks.
    """
    _compile(text)
    return text


def check_label(text: str) -> str:
    """A label's source, if its path (where it is one) is good.

    Raises:
        ValueError: It is none; the message says where it breaks.
    """
    if text.startswith("$") and text != KEY:
        _compile("$" + text.removeprefix(ROOT) if text.startswith(ROOT) else text)
    return text


class Path:
    """A compiled path."""

    __slots__ = ("_path", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._path = None if text == "$" else _compile(text)

    def items(self, document: object) -> Iterator[tuple[object, str]]:
        """Everything it selects, each with its own key or index.

        Raises:
            ValueError: The document is nested too deeply for it.
            OverBudgetError: There is no time left for it.
        """
        if self._path is None:
            yield document, ""
        elif isinstance(document, dict | list):  # the library would read text as one more document
            try:
                for match in self._path.finditer(cast("Container", document)):
                    spend()
                    yield match.obj, str(match.parts[-1]) if match.parts else ""
            except _too_deep():
                raise ValueError(f"the document is nested too deeply for {self.text}") from None

    def first(self, document: object) -> object:
        """The first thing it selects; None where there is nothing (or null)."""
        return next(self.items(document), (None, ""))[0]


@cache
def _too_deep() -> tuple[type[Exception], ...]:
    """What is raised for a document beyond the library's depth; older releases have a class of their own."""
    from jsonpath.exceptions import (  # noqa: PLC0415 (see the module's docstring)
        JSONPathRecursionError,
    )

    return RecursionError, JSONPathRecursionError


@lru_cache(maxsize=1024)
def _compile(text: str) -> JSONPath:
    from jsonpath import JSONPathError  # noqa: PLC0415 (see the module's docstring)

    try:
        return cast("JSONPath", _environment().compile(text))
    except (JSONPathError, RecursionError) as error:
        raise ValueError(f"not a valid JSONPath: {str(error).splitlines()[0]}") from None


@cache
def _environment() -> JSONPathEnvironment:
    from jsonpath import JSONPathEnvironment  # noqa: PLC0415 (see the module's docstring)
    from jsonpath.function_extensions import (  # noqa: PLC0415 (see the module's docstring)
        ExpressionType,
        FilterFunction,
    )

    class Bounded(FilterFunction):
        """RFC 9535's `match` and `search`, with a time limit."""

        def __init__(self, *, whole: bool) -> None:
            self.whole = whole

        @property
        def arg_types(self) -> list[ExpressionType]:
            return [ExpressionType.VALUE, ExpressionType.VALUE]

        @property
        def return_type(self) -> ExpressionType:
            return ExpressionType.LOGICAL

        def __call__(self, value: Any, pattern: Any) -> bool:
            if not isinstance(value, str) or not isinstance(pattern, str):
                return False
            return found(_pattern(pattern), value, whole=self.whole)

    class Environment(JSONPathEnvironment):
        """Filters, which may look at all for each, ask for time at each step."""

        def is_truthy(self, obj: object) -> bool:
            spend()
            return super().is_truthy(obj)

    environment = Environment(strict=True)
    environment.function_extensions["match"] = Bounded(whole=True)
    environment.function_extensions["search"] = Bounded(whole=False)
    return environment


_pattern = lru_cache(maxsize=256)(compiled)
