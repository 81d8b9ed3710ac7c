"""How many series there are, of what, who makes them more, and how many there may be."""

from orbital_cardinality.account import Account
from orbital_cardinality.budget import Budget, Told
from orbital_cardinality.limits import REASONS, Scope, SeriesLimits, beyond
from orbital_cardinality.report import report

__all__ = ["REASONS", "Account", "Budget", "Scope", "SeriesLimits", "Told", "beyond", "report"]
