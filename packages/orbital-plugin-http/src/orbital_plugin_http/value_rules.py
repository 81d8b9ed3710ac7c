"""What to read out of a JSON body: one rule a metric."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from orbital_plugin_http.paths import check_label, check_path
from orbital_sdk.fields import Fields
from orbital_sdk.metric import DEVICE_ID, LABEL_NAME, METRIC_NAME

LabelName = Annotated[str, Field(pattern=f"^{LABEL_NAME.pattern}$", max_length=200)]
Path = Annotated[str, AfterValidator(check_path), Field(max_length=2000, examples=["$.disks[*]"])]
LabelSource = Annotated[str, AfterValidator(check_label), Field(max_length=2000)]


def _free(labels: dict[str, str]) -> dict[str, str]:
    if DEVICE_ID in labels:
        raise ValueError(f"the label {DEVICE_ID} is the agent's own; choose another name")
    return labels


class ValueRule(Fields):
    """Where in the document numbers stand, and what to call them."""

    name: Annotated[str, Field(pattern=f"^{METRIC_NAME.pattern}$", max_length=200)]
    """Name of the metric: base units, `_total` on counters."""
    path: Path
    """JSONPath (RFC 9535) of the items; each gives one sample."""
    value: Path = "$"
    """JSONPath of the number inside an item (`$` is the item itself)."""
    labels: Annotated[
        dict[LabelName, LabelSource],
        AfterValidator(_free),
        Field(max_length=32, default_factory=dict),
    ]
    """Labels: `$.name` reads inside the item, `$root.name` in the document, `$key` is the item's own key
    or index; other text stands for itself."""
    map: Annotated[dict[str, float], Field(max_length=256, default_factory=dict)]
    """Numbers for texts: `{ok: 1, failed: 0}`."""
    scale: float = 1.0
    """Factor, to get to base units."""
    kind: Literal["gauge", "counter"] = "gauge"
    """Whether it may go down (gauge) or only grows (counter)."""
    unit: Annotated[str, Field(max_length=100)] = ""
    """Unit: seconds, bytes, ratio, ..."""
    help: Annotated[str, Field(max_length=1000)] = ""
    """What it is, in one sentence."""
    required: bool = True
    """Whether the run counts as partial where the document has no such number."""

    @property
    def shape(self) -> tuple[object, ...]:
        """What all rules of one name have to agree upon."""
        return tuple(self.labels), self.kind, self.unit, self.help
