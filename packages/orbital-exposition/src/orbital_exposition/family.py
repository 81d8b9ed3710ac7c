"""Families of samples: what `# TYPE` and `# HELP` say of the lines behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from orbital_sdk import Kind

TYPES: Final = frozenset(
    {"counter", "gauge", "gaugehistogram", "histogram", "info", "stateset", "summary", "unknown", "untyped"}
)  # fmt: skip
"""Those of the text format and of OpenMetrics, which some exporters mix."""
_SUFFIXES: Final = {
    "histogram": ("_bucket", "_count", "_sum"),
    "summary": ("", "_count", "_sum"),
}


class Family(NamedTuple):
    """A name with its type; the empty one is that of samples that nothing was said of."""

    name: str = ""
    type: str = "untyped"
    help: str = ""

    def includes(self, sample: str) -> bool:
        """Whether a sample of this name is of the family."""
        if not self.name or not sample.startswith(self.name):
            return False
        return sample[len(self.name) :] in _SUFFIXES.get(self.type, ("",))

    def kind(self, sample: str) -> Kind:
        """What a sample of this name is: all of a histogram counts, and of a summary its sum and count."""
        if self.type in {"counter", "histogram"}:
            return "counter"
        is_part = self.type == "summary" and sample.endswith(("_count", "_sum"))
        return "counter" if is_part else "gauge"
