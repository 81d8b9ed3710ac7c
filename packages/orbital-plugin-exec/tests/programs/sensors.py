#!/usr/bin/env python3
"""A sensor's own JSON, an object a line."""

import json

print(
    json.dumps(
        {"name": "temperature", "value": 21.5, "labels": {"room": "north"}, "unit": "celsius"}
    )
)
print(json.dumps({"name": "pulses", "value": 12, "type": "counter", "ts": 1700000000000}))
print(
    json.dumps(
        {
            "name": "door",
            "tags": {"id": 7},
            "fields": {"open": False, "note": "oak"},
            "timestamp": 1700000000,
        }
    )
)
