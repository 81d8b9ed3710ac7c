"""One request, sent until it is answered or its time is over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from orbital_plugin_snmp.engines import errors
from orbital_plugin_snmp.engines.link import AnsweredElsewhere, LinkError
from orbital_plugin_snmp.wire.ber import WireError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Iterator

    from orbital_plugin_snmp.engines.cost import Cost
    from orbital_plugin_snmp.engines.link import Link


class Patience(NamedTuple):
    """How often and how long to try."""

    timeout: float
    """Seconds that one attempt may take, ..."""
    retries: int
    """... and how many may follow it. All of them share what is left until the deadline."""

    def waits(self, deadline: float) -> Iterator[float]:
        """Seconds to wait in each attempt; none when the deadline is over."""
        for left in range(self.retries + 1, 0, -1):
            wait = min(self.timeout, (deadline - time.monotonic()) / left)
            if wait <= 0:
                return
            yield wait


class Attempts:
    """Sends and waits.

    Args:
        link: The way to the device.
        cost: What is spent is added here.
        patience: How often and how long.
    """

    def __init__(self, link: Link, cost: Cost, patience: Patience) -> None:
        self._link = link
        self._cost = cost
        self._patience = patience
        self.hint = ""
        """What else silence may mean here, for the message."""

    def launch(
        self, message_id: int, message: bytes, deadline: float
    ) -> asyncio.Future[bytes] | None:
        """Begin the first attempt, for `ask` to go on with; None where it cannot be sent now.

        Args:
            message_id: As in `ask`.
            message: The request.
            deadline: As in `ask`.
        """
        wait = next(self._patience.waits(deadline), None)
        if wait is None:
            return None
        try:
            answer = self._link.launch(message_id, message, wait)
        except LinkError:  # whoever asks will hear of it
            return None
        self._cost.packets += answer is not None
        return answer

    def _send(self, message_id: int, message: bytes, wait: float) -> Awaitable[bytes]:
        link = self._link
        return link.launch(message_id, message, wait) or link.ask(message_id, message, wait)

    async def ask(
        self,
        message_id: int,
        write: Callable[[], bytes],
        deadline: float,
        launched: asyncio.Future[bytes] | None = None,
    ) -> bytes:
        """The answer.

        Args:
            message_id: In all attempts the same, so that a late answer to an earlier one counts.
            write: Makes the message, anew for each attempt.
            deadline: `time.monotonic()` at which to give up.
            launched: The first attempt, where that was made already.

        Raises:
            NoAnswer: Nothing came.
            Malformed: Something came, but it was no SNMP.
        """
        link, cost, began = self._link, self._cost, time.monotonic()
        now, garbage, stray = began, None, ""
        for number, wait in enumerate(self._patience.waits(deadline)):
            sent, launched = launched, None
            cost.packets += sent is None
            cost.retries += number > 0
            try:
                answer = await (sent or self._send(message_id, write(), wait))
            except TimeoutError as error:
                now = time.monotonic()
                stray = error.sender if isinstance(error, AnsweredElsewhere) else stray
            except WireError as error:
                now, garbage = time.monotonic(), error
            except LinkError as error:
                raise errors.NoAnswer(f"{link.label}: {error}") from error
            else:
                cost.waited += time.monotonic() - now
                return answer
            cost.waited += wait
        if launched is not None:
            launched.cancel()
        if garbage is not None:
            raise errors.Malformed(f"{link.label} answered something that is not SNMP: {garbage}")
        raise errors.NoAnswer(f"{link.label}: {self._silence(now - began, stray)}")

    def _silence(self, seconds: float, stray: str) -> str:
        """What it was, in words: so long, and an answer from another address, if there was one."""
        if not seconds:
            return "the task's time was over before it could be asked"
        if stray:
            return (
                f"no answer from there within {seconds:.2g} s, but one from {stray}; if that is the same"
                " device, set unconnected_udp_socket: true for it"
            )
        hint = "" if self._cost.values else self.hint  # it has answered before
        return f"no answer within {seconds:.2g} s{hint}"
