"""Device fields and settings as they cross: as a user writes them, secrets in plain text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from pydantic import SecretBytes, SecretStr
from pydantic_core import to_jsonable_python

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel


def plain(model: BaseModel) -> dict[str, Any]:
    """Fields or settings by their names, as JSON has them: their model makes the same of it at the other end.
    What a user did not set is left out, and has its default there.

    Secrets are among them, so it goes to no log and no file.
    """
    given = model.model_dump(by_alias=True, exclude_unset=True)
    return cast("dict[str, Any]", to_jsonable_python(_revealed(given), fallback=str))


def _revealed(value: Any) -> Any:
    match value:
        case SecretStr() | SecretBytes():
            return value.get_secret_value()
        case Mapping():
            return {key: _revealed(one) for key, one in cast("Mapping[str, Any]", value).items()}
        case list() | tuple() | set() | frozenset():
            return [_revealed(one) for one in cast("Iterable[Any]", value)]
        case _:
            return value
