"""The plugin's own metrics; those of the map come from its settings."""

from __future__ import annotations

from orbital_plugin_modbus.register_map import UNIT
from orbital_sdk import Metric


class ModbusMetrics:
    """What every task gives beside the fields of its map."""

    requests = Metric(
        "modbus_requests", "Requests that this run sent, without retries", labels=(UNIT,)
    )
    invalid = Metric(
        "modbus_invalid_fields",
        "Fields of this run that the device says have no value",
        labels=(UNIT,),
    )
    exceptions = Metric(
        "modbus_exceptions_total",
        "Exceptions that the unit answered with, by code",
        kind="counter",
        labels=(UNIT, "code"),
    )
    errors = Metric(
        "modbus_errors_total",
        "Requests without an answer that can be used, retries included, by reason: timeout, connection,"
        " garbled, wrong_unit, wrong_function, wrong_length, wrong_transaction, out_of_time",
        kind="counter",
        labels=(UNIT, "reason"),
    )
