"""Requests and what their answers mean, the same for every version: RFC 3416 4.2, RFC 1157 4.1."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NoReturn

from orbital_plugin_snmp.engines import errors
from orbital_plugin_snmp.engines.cost import Cost
from orbital_plugin_snmp.wire import pdu
from orbital_plugin_snmp.wire.pdu import Request
from orbital_plugin_snmp.wire.smi import END_OF_MIB_VIEW, NO_SUCH_OBJECT, NULL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_plugin_snmp.engines.port import Flight
    from orbital_plugin_snmp.wire.pdu import Pdu
    from orbital_plugin_snmp.wire.smi import VarBind


class Conversation(ABC):
    """A session, but for how one request is sent.

    Args:
        label: The device as people call it.
        has_bulk: False for v1.
    """

    def __init__(self, label: str, *, has_bulk: bool) -> None:
        self.label = label
        self.cost = Cost()
        self._has_bulk = has_bulk

    @abstractmethod
    async def ask(self, request: Request, deadline: float, flight: Flight | None = None) -> Pdu:
        """One request with its retries. The response may have an error status.

        Args:
            request: What to ask.
            deadline: `time.monotonic()` at which to give up.
            flight: The same request, launched already.

        Raises:
            NoAnswer, Refused, Malformed
        """

    def launch(self, request: Request, deadline: float) -> Flight | None:
        """As `Session.ahead`; here, never."""
        del request, deadline
        return None

    @abstractmethod
    async def close(self) -> None:
        """Let go of sockets. Safe twice."""

    async def get(self, oids: Sequence[bytes], deadline: float) -> list[VarBind]:
        """As `Session.get`."""
        return await self._each(pdu.GET, oids, deadline, NO_SUCH_OBJECT)

    async def get_next(self, oids: Sequence[bytes], deadline: float) -> list[VarBind]:
        """As `Session.get_next`."""
        return await self._each(pdu.GET_NEXT, oids, deadline, END_OF_MIB_VIEW)

    async def bulk(
        self,
        oids: Sequence[bytes],
        repetitions: int,
        deadline: float,
        *,
        flight: Flight | None = None,
    ) -> list[VarBind]:
        """As `Session.bulk`."""
        if not self._has_bulk:
            return await self.get_next(oids, deadline)
        request = Request(pdu.GET_BULK, tuple(oids), 0, repetitions)
        answer = await self.ask(request, deadline, flight)
        if answer.status:
            self._complain(answer)
        if len(answer.varbinds) > repetitions * len(oids):
            raise errors.Malformed(f"{self.label} answered with more rows than asked for")
        return answer.varbinds

    def ahead(self, oids: Sequence[bytes], repetitions: int, deadline: float) -> Flight | None:
        """As `Session.ahead`."""
        if not self._has_bulk:
            return None
        return self.launch(Request(pdu.GET_BULK, tuple(oids), 0, repetitions), deadline)

    async def _each(
        self, kind: int, oids: Sequence[bytes], deadline: float, missing: int
    ) -> list[VarBind]:
        """One varbind for each OID. Where one of them spoils the whole answer, the others are asked again."""
        left, lost = list(oids), dict[bytes, int]()
        while left:
            answer = await self.ask(Request(kind, tuple(left)), deadline)
            if not answer.status:
                self._compare(kind, left, answer.varbinds)
                if not lost:
                    return answer.varbinds
                got = dict(zip(left, answer.varbinds, strict=True))
                return [got.get(oid) or (oid, lost[oid], None) for oid in oids]
            left = self._without_culprit(left, lost, answer, missing)
        return [(oid, lost[oid], None) for oid in oids]

    def _without_culprit(
        self, left: list[bytes], lost: dict[bytes, int], answer: Pdu, missing: int
    ) -> list[bytes]:
        named = 1 <= answer.error_index <= len(left)
        if answer.status == errors.NO_SUCH_NAME and named:
            tag = missing
        elif answer.status == errors.GENERAL and named and len(left) > 1:
            tag = NULL
        else:
            self._complain(answer)
        culprit = left[answer.error_index - 1]
        lost[culprit] = tag
        return [oid for oid in left if oid != culprit]

    def _compare(self, kind: int, oids: Sequence[bytes], varbinds: list[VarBind]) -> None:
        """Nobody else's values: as many as asked for and, of a GET, in this order."""
        if kind == pdu.GET and [oid for oid, _, _ in varbinds] == list(oids):
            return
        if kind != pdu.GET and len(varbinds) == len(oids):
            return
        raise errors.Malformed(f"{self.label} answered with other OIDs than it was asked for")

    def _complain(self, answer: Pdu) -> NoReturn:
        status = answer.status
        if status == errors.TOO_BIG:
            raise errors.TooBig(f"{self.label} says that the answer is too big for a message")
        name = errors.STATUS.get(status, f"error status {status}")
        if status == errors.AUTHORIZATION_ERROR:
            raise errors.Refused(f"{self.label} refused: {name}; check community, user and context")
        raise errors.ErrorStatus(
            f"{self.label} answered {name}", status=status, index=answer.error_index
        )
