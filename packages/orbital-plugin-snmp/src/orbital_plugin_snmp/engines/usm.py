"""v3 with our own codec."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp.engines import errors
from orbital_plugin_snmp.engines.attempts import Attempts
from orbital_plugin_snmp.engines.conversation import Conversation
from orbital_plugin_snmp.engines.port import Flight
from orbital_plugin_snmp.usm.engine import Engine
from orbital_plugin_snmp.usm.message import (
    AUTHENTICATED,
    REPORTABLE,
    Security,
    read_message,
    read_scoped,
    scoped_pdu,
    write_message,
)
from orbital_plugin_snmp.usm.reports import Reason, reason
from orbital_plugin_snmp.usm.sealing import in_clear, is_authentic, sealed
from orbital_plugin_snmp.wire.ber import WireError
from orbital_plugin_snmp.wire.pdu import GET, REPORT, RESPONSE, Request, template
from orbital_plugin_snmp.wire.repeats import Repeats

if TYPE_CHECKING:
    from orbital_plugin_snmp.engines.attempts import Patience
    from orbital_plugin_snmp.engines.link import Link
    from orbital_plugin_snmp.usm.message import Message
    from orbital_plugin_snmp.usm.user import User
    from orbital_plugin_snmp.wire.pdu import Pdu, Reading, Template

NOBODY: Final = Security(b"", 0, 0, b"", 0, b"")
SILENT: Final = "; it did tell its engine id: check priv_password, priv_protocol and context"
TURNS: Final = 3
"""How often one request is asked again because the device's clock or engine turned out to be another."""


class UserSession(Conversation):
    """One device by user.

    Args:
        link: The way to it; closed with the session.
        user: Name, protocols and passwords.
        patience: Of its requests.
    """

    def __init__(self, link: Link, user: User, patience: Patience) -> None:
        super().__init__(link.label, has_bulk=True)
        self._link = link
        self._user = user
        self._name = user.name.encode()
        self._context = user.context.encode()
        self._attempts = Attempts(link, self.cost, patience)
        self._engine: Engine | None = None
        self._repeats = Repeats()

    def launch(self, request: Request, deadline: float) -> Flight | None:
        """As `Conversation.launch`. Not before the engine is known."""
        engine = self._engine
        if engine is None:
            return None
        message_id = self._link.new_id()
        message = self._write(engine, template(request), message_id)
        answer = self._attempts.launch(message_id, message, deadline)
        return None if answer is None else Flight(message_id, answer, engine)

    async def ask(self, request: Request, deadline: float, flight: Flight | None = None) -> Pdu:
        """As `Conversation.ask`."""
        for _ in range(TURNS):
            if flight is not None and flight.key is not self._engine:
                flight.answer.cancel()
                flight = None
            engine = self._engine or await self._discover(deadline)
            message_id, launched, _ = flight or (self._link.new_id(), None, None)
            flight = None
            write = partial(self._write, engine, template(request), message_id)
            answer = await self._attempts.ask(message_id, write, deadline, launched)
            read = partial(self._repeats.read, request)
            pdu = self._read(engine, answer, message_id, read)
            if pdu is not None:
                self.cost.values += len(pdu.varbinds)
                return pdu
        raise errors.Malformed(f"{self.label} does not accept its own clock or engine id")

    async def close(self) -> None:
        """As `Session.close`."""
        self._link.close()

    async def _discover(self, deadline: float) -> Engine:
        """Ask for engine id and clock (RFC 3414 4)."""
        message_id = self._link.new_id()
        pdu = scoped_pdu(b"", b"", template(Request(GET, ())).whole(message_id))
        message, _ = write_message(message_id, REPORTABLE, NOBODY, pdu)
        answer = await self._attempts.ask(message_id, lambda: message, deadline)
        try:
            found = read_message(answer)
        except WireError as error:
            raise self._malformed(error) from error
        if not 5 <= len(found.engine_id) <= 32:
            raise errors.Malformed(f"{self.label} has an impossible engine id")
        self._engine = Engine(self._user, found)
        if self._user.priv or self._user.context:
            self._attempts.hint = SILENT
        return self._engine

    def _write(self, engine: Engine, request: Template, message_id: int) -> bytes:
        scoped = scoped_pdu(engine.id, self._context, request.whole(message_id))
        flags = self._user.flags | REPORTABLE
        return sealed(
            engine, engine.keys, self._name, flags=flags, message_id=message_id, scoped=scoped
        )

    def _read(self, engine: Engine, data: bytes, message_id: int, read: Reading) -> Pdu | None:
        """The response; None where the request has to be written anew."""
        try:
            message = read_message(data)
            authentic = self._verify(engine, message, data)
            pdu = read_scoped(in_clear(engine.keys, message), read)
            if pdu.kind != REPORT:
                self._check(engine, message, pdu, message_id)
                if authentic:
                    engine.follow(message)
        except WireError as error:
            raise self._malformed(error) from error
        if pdu.kind != REPORT:
            return pdu
        self._report(engine, message, pdu, authentic=authentic)
        return None

    def _check(self, engine: Engine, message: Message, pdu: Pdu, message_id: int) -> None:
        """It is the response to this request, of this device, and as safe as the request was."""
        wanted = self._user.flags
        if message.engine_id != engine.id:
            raise WireError("the answer of another engine")
        if pdu.kind != RESPONSE or pdu.request_id != message_id or message.user != self._name:
            raise WireError("no response to this request")
        if message.flags & wanted != wanted:
            raise WireError("an answer with less security than the request")

    def _verify(self, engine: Engine, message: Message, data: bytes) -> bool:
        """Whether the message is signed; a signature that is wrong makes it no message of the device's."""
        if not message.flags & AUTHENTICATED:
            return False
        if message.engine_id != engine.id or not is_authentic(engine.keys, message, data):
            raise WireError("wrong signature, or that of another user or engine")
        return True

    def _report(self, engine: Engine, message: Message, pdu: Pdu, *, authentic: bool) -> None:
        why = reason(pdu)
        if why is Reason.TIME and (authentic or not self._user.auth):
            engine.set(message)
        elif why in (Reason.ENGINE, Reason.TIME):
            self._engine = None
        elif why is Reason.OTHER:
            raise errors.Malformed(f"{self.label}: {why.value}")
        else:
            raise errors.Refused(f"{self.label}, user {self._user.name!r}: {why.value}")

    def _malformed(self, error: WireError) -> errors.Malformed:
        return errors.Malformed(f"{self.label} answered something that is not SNMPv3: {error}")
