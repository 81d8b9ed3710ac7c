"""The contract suite of buffers, which any implementation runs in its own tests.

    @pytest.mark.parametrize("check", CONTRACT, ids=lambda check: check.__name__)
    async def test_contract(check):
        await check(open_buffer)

`machine.BufferMachine` is a state machine for Hypothesis that keeps the same promises against a model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_runtime_testing.buffer.letters import LETTERS
from orbital_runtime_testing.buffer.limits import LIMITS
from orbital_runtime_testing.buffer.reading import READING
from orbital_runtime_testing.buffer.tools import OpenBuffer

if TYPE_CHECKING:
    from orbital_runtime_testing.buffer.tools import Check

CONTRACT: tuple[Check, ...] = READING + LIMITS + LETTERS
"""Every promise that needs no restart."""

__all__ = ["CONTRACT", "OpenBuffer"]
