"""Messages of `orbital_sdk.wire` as those of plugin.proto."""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

import msgspec
from google.protobuf.message import DecodeError

from orbital_plugin_grpc.forms import ANSWER, CALL
from orbital_plugin_grpc.schema import ANSWERS, CALLS, FORMS, message_class
from orbital_sdk.wire import Malformed, TooLarge, answers, calls
from orbital_sdk.wire.limits import MESSAGE

T = TypeVar("T")


class Codec(Generic[T]):
    """The messages of one direction.

    Args:
        many: The message that holds several.
        one: The message of each.
        kind: The classes of `orbital_sdk.wire`.
    """

    def __init__(self, many: str, one: str, kind: Any) -> None:
        self._many, self._kind = many.lower(), kind
        self._class = message_class(many)
        self._form = FORMS.by_name[one]

    def encode(self, message: T) -> bytes:
        """One message as that which holds several. The bytes of several, joined, hold all of these.

        Raises:
            TooLarge: It has more than `MESSAGE` bytes.
            TypeError, ValueError, OverflowError: It holds what no message can.
        """
        body = self._class(**{self._many: [self._form.dump(message)]}).SerializeToString()
        if len(body) > MESSAGE:
            raise TooLarge(f"a message of {len(body):,} bytes; {MESSAGE:,} may cross")
        return body

    def decode(self, body: bytes) -> list[T]:
        """Those that it holds.

        Raises:
            Malformed: They are not of this contract; says where.
        """
        try:
            message = self._class.FromString(body)
            return [self._converted(one) for one in getattr(message, self._many)]
        except (DecodeError, ValueError, RecursionError) as error:
            raise Malformed(f"not a message of this contract: {error}") from error

    def _converted(self, message: Any) -> T:
        return msgspec.convert(self._form.load(message), self._kind)


FROM_AGENT: Final[Codec[calls.FromAgent]] = Codec(CALLS, CALL, calls.FromAgent)
FROM_PROGRAM: Final[Codec[answers.FromProgram]] = Codec(ANSWERS, ANSWER, answers.FromProgram)
