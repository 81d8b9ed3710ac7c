"""What a writer answers, as it crosses."""

from __future__ import annotations

from orbital_sdk.contract import written as sdk
from orbital_sdk.wire.answers import NotWritten, Refused, Written
from orbital_sdk.wire.limits import cut


def told(call: int, answer: sdk.WriteAnswer) -> Written | NotWritten:
    """The answer of `write`, as that of a call."""
    if isinstance(answer, sdk.NotWritten):
        return NotWritten(call, cut(answer.reason), answer.refusal.value)
    return Written(call, answer.bytes, tuple([_told(one) for one in answer.refused]))


def _told(one: sdk.Refused) -> Refused:
    there = one.refusal is sdk.Refusal.THERE
    return Refused(one.batch, one.row, cut(one.reason), "there" if there else "bad")


def answered(told: Written | NotWritten) -> sdk.WriteAnswer:
    """The answer that crossed. Whether it fits its batches, `orbital_sdk.contract.written.misfit` says."""
    if isinstance(told, NotWritten):
        return sdk.NotWritten(told.reason, sdk.Refusal(told.refusal))
    return sdk.Written(told.bytes, [_refused(one) for one in told.refused])


def _refused(told: Refused) -> sdk.Refused:
    if told.refusal == "there":
        return sdk.Refused(told.batch, told.row, told.reason, sdk.Refusal.THERE)
    return sdk.Refused(told.batch, told.row, told.reason)
