"""Every processor as any other: what the agent relies on."""

import pytest

from orbital_processors import (
    Aggregate,
    Convert,
    Dedup,
    Delta,
    Filter,
    Increase,
    Labels,
    Map,
    Rate,
    Relabel,
    Rename,
    Sample,
)
from orbital_sdk.testing import check_processor

EVERYTHING = {"match": [{"metric": "*"}]}
SETTINGS = [
    (Aggregate, EVERYTHING | {"interval": "1m", "functions": ["avg", "last"], "quantiles": [0.5]}),
    (Convert, {"rules": [{"metric": "metric_1*", "scale": 2, "round": 1}, {"values": {"1": 2}}]}),
    (Dedup, {}),
    (Delta, EVERYTHING),
    (Filter, {"drop": [{"metric": "metric_1*"}, {"metric": "metric_2*", "value": "> 20"}]}),
    (Increase, EVERYTHING),
    (Labels, {"set": {"site": "x-{device.id}"}, "drop": "task"}),
    (Map, {"label": "device_id", "to": "site", "table": {"device-1": "x"}}),
    (Rate, EVERYTHING | {"keep": True}),
    (Relabel, {"rules": [{"regex": "task", "action": "labeldrop"}]}),
    (Rename, {"metrics": {"metric_*": "renamed_*"}}),
    (Sample, {"every": 2}),
]


@pytest.mark.parametrize(
    ("cls", "settings"), SETTINGS, ids=lambda value: getattr(value, "name", "")
)
async def test_contract(cls, settings):
    """Planned once, stepped, flushed and stopped: by the suite that strangers' processors pass, too."""
    await check_processor(lambda: cls(cls.config_model.model_validate(settings)))
