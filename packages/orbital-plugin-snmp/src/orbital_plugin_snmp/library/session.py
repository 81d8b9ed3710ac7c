"""One device, by way of pysnmp."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from orbital_plugin_snmp.engines import errors
from orbital_plugin_snmp.engines.conversation import Conversation
from orbital_plugin_snmp.library.untyped import LCD, NULL, cmdgen
from orbital_plugin_snmp.library.values import from_library, to_library
from orbital_plugin_snmp.wire.pdu import GET, GET_BULK, GET_NEXT, RESPONSE, Pdu

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_plugin_snmp.engines.attempts import Patience
    from orbital_plugin_snmp.engines.port import Flight
    from orbital_plugin_snmp.library.engine import LibraryEngine
    from orbital_plugin_snmp.wire.pdu import Request

TIMED_OUT: Final = "RequestTimedOut"
REFUSALS: Final = (
    "WrongDigest", "UnknownUserName", "UnknownSecurityName", "UnsupportedSecurityLevel", "DecryptionError",
    "AuthenticationFailure", "AuthenticationError", "UnknownContext", "UnavailableContext",
)  # fmt: skip


GENERATORS: Final[dict[int, Any]] = {
    GET: cmdgen.GetCommandGenerator,
    GET_NEXT: cmdgen.NextCommandGenerator,
    GET_BULK: cmdgen.BulkCommandGenerator,
}


class LibrarySession(Conversation):
    """A session.

    Args:
        label: The device as people call it.
        engine: Shared by sessions with the same credentials.
        ask_as: pysnmp's credentials, target and context.
        has_bulk: False for v1.
        patience: Of its requests.
    """

    def __init__(
        self,
        label: str,
        engine: LibraryEngine,
        ask_as: tuple[Any, Any, Any],
        *,
        has_bulk: bool,
        patience: Patience,
    ) -> None:
        super().__init__(label, has_bulk=has_bulk)
        self.on_close: Callable[[], None] | None = None
        """Called once."""
        self._engine = engine
        self._ask_as = ask_as
        self._patience = patience

    async def ask(self, request: Request, deadline: float, flight: Flight | None = None) -> Pdu:
        """As `Conversation.ask`."""
        del flight  # it launches none
        await self._engine.slots.take()
        try:
            return await self._attempts(request, deadline)
        finally:
            self._engine.slots.give()

    async def close(self) -> None:
        """As `Session.close`."""
        done, self.on_close = self.on_close, None
        if done is not None:
            done()

    async def _attempts(self, request: Request, deadline: float) -> Pdu:
        began = time.monotonic()
        for number, wait in enumerate(self._patience.waits(deadline)):
            now = time.monotonic()
            self.cost.packets += 1
            self.cost.retries += number > 0
            try:
                async with asyncio.timeout(wait):
                    answer = await self._command(request)
            except TimeoutError:
                self.cost.waited += wait
                continue
            self._engine.widen()
            self.cost.waited += time.monotonic() - now
            pdu = self._read(*answer)
            if pdu is not None:
                return pdu
        spent = time.monotonic() - began
        raise errors.NoAnswer(f"{self.label}: no answer within {spent:.2g} s (pysnmp says no more)")

    async def _command(self, request: Request) -> Any:
        """By pysnmp's inner interface: the outer one would look for MIBs, in the internet as well."""
        who, target, context = self._ask_as
        engine = self._engine.snmp
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        place, _ = LCD.configure(engine, who, target, context.contextName)
        counts = ()
        if request.kind == GET_BULK:
            counts = (request.non_repeaters, request.repetitions)
        GENERATORS[request.kind]().send_varbinds(
            engine, place, context.contextEngineId, context.contextName, *counts,
            [(to_library(oid), NULL) for oid in request.oids], _answered, answer,
        )  # fmt: skip
        return await answer

    def _read(self, failure: Any, status: Any, index: Any, varbinds: Any) -> Pdu | None:
        """The response; None for silence."""
        if failure is not None:
            name = type(failure).__name__
            if name == TIMED_OUT:
                return None
            if name in REFUSALS:
                raise errors.Refused(f"{self.label}: {failure}")
            raise errors.Malformed(f"{self.label}: {failure}")
        found = [from_library(name, value) for name, value in varbinds]
        self.cost.values += len(found)
        return Pdu(RESPONSE, 0, int(status), int(index), found)


def _answered(
    _: Any, __: Any, failure: Any, status: Any, index: Any, varbinds: Any, answer: Any
) -> None:
    """Pysnmp's callback."""
    if not answer.done():
        answer.set_result((failure, status, index, varbinds))
