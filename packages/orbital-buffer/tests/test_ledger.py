"""The ledger: what waits and what is kept follow from the counts, and accounts add up."""

from __future__ import annotations

from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from orbital_buffer.ledger import Account, Ledger

counts = st.integers(0, 10**12)
reasons = st.dictionaries(st.sampled_from(["full", "age", "stopped"]), counts)


def filled(accepted, delivered, dead, dropped, gone, recovered=0) -> Account:
    account = Account(accepted, delivered, dead, recovered=recovered)
    account.dropped.update(dropped)
    account.letters_gone.update(gone)
    return account


accounts = st.builds(filled, counts, counts, counts, reasons, reasons, counts)


def test_both_lines_hold():
    """What was accepted is delivered, waits, is dead-lettered or dropped; dead letters are kept or gone."""
    account = filled(100, 50, 20, {"full": 4, "age": 3}, {"purged": 5, "replayed": 1})
    assert account.waiting == 100 - 50 - 20 - 7
    assert account.letters == 20 - 6


def test_what_processors_leave_out_is_told_from_losses():
    """An output's own processors drop what its configuration asks them to; a failure of one is a loss."""
    account = filled(9, 0, 0, {"processor:a": 2, "processor:b": 3, "failed:a": 1, "full": 1}, {})
    assert account.left_out == 5


@given(accounts, accounts)
def test_accounts_add_up(one, other):
    """Each count of the sum is the sum of the counts, by reason, and the other account is as it was."""
    waiting, letters = one.waiting + other.waiting, one.letters + other.letters
    total, before = filled(0, 0, 0, {}, {}), repr(other)
    for each in (one, other):
        total.add(each)
    for field in fields(Account):
        expected = getattr(one, field.name) + getattr(other, field.name)
        assert getattr(total, field.name) == expected
    assert (total.waiting, total.letters, repr(other)) == (waiting, letters, before)


def test_an_account_is_opened_when_it_is_asked_for():
    """The same one each time; and a list of all is no way to change the ledger."""
    ledger = Ledger()
    ledger.account("a").accepted += 3
    assert ledger.account("a").accepted == 3
    ledger.accounts().clear()
    assert list(ledger.accounts()) == ["a"]
