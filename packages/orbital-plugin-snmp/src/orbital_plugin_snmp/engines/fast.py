"""v1 and v2c with our own codec."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from orbital_plugin_snmp.engines import errors
from orbital_plugin_snmp.engines.attempts import Attempts
from orbital_plugin_snmp.engines.conversation import Conversation
from orbital_plugin_snmp.engines.port import Flight
from orbital_plugin_snmp.wire.ber import WireError
from orbital_plugin_snmp.wire.community import V1, read_message, writer
from orbital_plugin_snmp.wire.pdu import RESPONSE, template
from orbital_plugin_snmp.wire.repeats import Repeats

if TYPE_CHECKING:
    from orbital_plugin_snmp.engines.attempts import Patience
    from orbital_plugin_snmp.engines.link import Link
    from orbital_plugin_snmp.wire.pdu import Pdu, Request


class CommunitySession(Conversation):
    """One device by community.

    Args:
        link: The way to it; closed with the session.
        version: `community.V1` or `V2C`.
        community: Sent as it is.
        patience: Of its requests.
    """

    def __init__(self, link: Link, version: int, community: bytes, patience: Patience) -> None:
        super().__init__(link.label, has_bulk=version != V1)
        self._link = link
        self._repeats = Repeats()
        self._write = writer(version, community)
        self._attempts = Attempts(link, self.cost, patience)
        self._attempts.hint = "; a wrong community looks like this too"

    def launch(self, request: Request, deadline: float) -> Flight | None:
        """As `Conversation.launch`."""
        request_id = self._link.new_id()
        message = self._write(template(request), request_id)
        answer = self._attempts.launch(request_id, message, deadline)
        return None if answer is None else Flight(request_id, answer, None)

    async def ask(self, request: Request, deadline: float, flight: Flight | None = None) -> Pdu:
        """As `Conversation.ask`."""
        request_id, launched, _ = flight or (self._link.new_id(), None, None)
        write = partial(self._write, template(request), request_id)
        answer = await self._attempts.ask(request_id, write, deadline, launched)
        try:
            pdu = read_message(answer, partial(self._repeats.read, request))
        except WireError as error:
            raise errors.Malformed(
                f"{self.label} answered something that is not SNMP: {error}"
            ) from error
        if pdu.kind != RESPONSE:
            raise errors.Malformed(f"{self.label} answered with a PDU that is not a response")
        self.cost.values += len(pdu.varbinds)
        return pdu

    async def close(self) -> None:
        """As `Session.close`."""
        self._link.close()
