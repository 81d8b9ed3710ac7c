"""What cannot be is refused at validation, with the name of the field and the reason."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from orbital_plugin_modbus import ModbusConfig, ModbusDevice


def refusal(model, fields) -> str:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(fields)
    return str(caught.value)


@pytest.mark.parametrize(
    ("register", "words"),
    [
        ({"address": 65536}, "less than 65536"),
        ({"address": -1}, "greater than or equal to 0"),
        (
            {"address": 65535, "type": "uint32", "name": "x"},
            "x (holding 65535): 2 registers from here",
        ),
        ({"address": 0, "type": "string", "length": 5}, "even number"),
        ({"address": 0, "type": "string"}, "length in bytes"),
        ({"address": 0, "type": "string", "length": 252}, "less than or equal to 250"),
        ({"address": 0, "length": 4}, "length goes with the type string"),
        (
            {"address": 3, "order": "CDAB"},
            "modbus_register_3 (holding 3): order CDAB needs two registers",
        ),
        ({"address": 3, "order": "DCBA", "type": "int8h"}, "order DCBA needs two registers"),
        (
            {"address": 3, "order": "DCBA", "type": "string", "length": 8},
            "does not apply to a string",
        ),
        ({"address": 3, "order": "BADC", "table": "coil"}, "a coil has no byte order"),
        ({"address": 3, "order": "ACBD"}, "order"),
        ({"address": 3, "table": "coil", "type": "uint16"}, "the table coil holds bits"),
        ({"address": 3, "table": "discrete", "bit": 1}, "leave bit and width out"),
        ({"address": 3, "type": "bit"}, "say which bit"),
        ({"address": 3, "bit": 12, "width": 5}, "bits 12 to 16 do not fit into 16 bits"),
        ({"address": 3, "bit": 1, "type": "float32"}, "bit goes with"),
        ({"address": 3, "type": "fixed16"}, "need each other"),
        ({"address": 3, "fraction_bits": 3}, "need each other"),
        ({"address": 3, "type": "fixed16", "fraction_bits": 17}, "more than the 16 bits"),
        ({"address": 3, "type": "float32", "states": {1: "on"}}, "need an integer type"),
        ({"address": 3, "states": {1: "on"}, "scale": 2}, "do not apply to text"),
        ({"address": 3, "invalid": 0.5}, "whole numbers"),
        ({"address": 3, "invalid": "none"}, "invalid"),
        ({"address": 3, "scale": "inf"}, "finite"),
        ({"address": 3, "states": {1: "on"}, "labels": {"state": "x"}}, "taken by labels"),
        ({"address": 3, "text_label": "x"}, "goes with a string or with states"),
        ({"address": 3, "name": "1st"}, "name"),
        ({"address": 3, "labels": {"a-b": "x"}}, "labels"),
        ({"address": 3, "labels": {"device_id": "x"}}, "device_id"),
        ({"address": 3, "labels": {"unit_id": "x"}}, "unit_id is set by the plugin"),
        ({"address": 3, "exponent": "sf"}, "its exponent 'sf' is not a field of this map"),
        ({"address": 3, "kind": "histogram"}, "kind"),
        ({"address": 3, "typo": 1}, "typo"),
    ],
)
def test_a_field_that_cannot_be(register, words):
    """Alone."""
    assert words in refusal(ModbusConfig, {"registers": [register]})


@pytest.mark.parametrize(
    ("registers", "words"),
    [
        ([{"address": 0, "type": "uint32"}, {"address": 1}], "modbus_register_1 (holding 1) overlaps"),
        ([{"address": 0}, {"address": 0, "name": "again"}], "overlaps"),
        ([{"address": 0, "bit": 3, "width": 4}, {"address": 0, "bit": 6}], "overlaps"),
        ([{"address": 0, "type": "uint8h"}, {"address": 0, "bit": 9}], "overlaps"),
        ([{"address": 0, "type": "string", "length": 20}, {"address": 9}], "overlaps"),
        ([{"address": 0, "name": "a"}, {"address": 1, "name": "a"}], "give the same series"),
        ([{"address": 0, "name": "a", "labels": {"n": "1"}}, {"address": 1, "name": "a", "kind": "counter"}],
         "differ in kind or unit"),
        ([], "nothing to read"),
    ],
)  # fmt: skip
def test_a_map_that_cannot_be(registers, words):
    """Fields beside each other."""
    assert words in refusal(ModbusConfig, {"registers": registers})


A5 = {"address": 5}


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({"registers": [A5, {"address": 0}, {"address": 4, "type": "int32"}]}, ("registers", 0)),
        ({"registers": [A5, {"address": 1, "exponent": "e"}], "labels": {"a": "b"}}, ("registers", 1)),
        ({"registers": [A5 | {"table": "input"}], "profile": "energy-meter"}, ("registers", 0)),
        ({"profile": "energy-meter", "base": 65500}, ("profile",)),
        ({"registers": [A5, {"address": 2, "type": "int32"}], "max_registers": 1}, ("registers", 1)),
        ({}, ()),
    ],
)  # fmt: skip
def test_the_place_of_what_cannot_be(config, place):
    """The field that the agent can show the line of, also where it is wrong beside others only."""
    with pytest.raises(ValidationError) as caught:
        ModbusConfig.model_validate(config)
    assert [error["loc"] for error in caught.value.errors()] == [place]


@pytest.mark.parametrize(
    "registers",
    [
        [{"address": 0, "type": "uint8h"}, {"address": 0, "type": "int8l"}],
        [{"address": 0, "bit": n} for n in range(16)],
        [{"address": 0, "bit": 0, "width": 8}, {"address": 0, "type": "uint8h"}],
        [{"address": 0}, {"address": 0, "table": "input"}],
        [{"address": 0, "shared": True}, {"address": 0, "bit": 3}],
        [{"address": 0, "type": "uint32", "bit": 20, "order": "CDAB"}, {"address": 2}],
    ],
)
def test_what_only_looks_like_an_overlap(registers):
    """Parts of a register, other tables, and what says that it is meant."""
    assert ModbusConfig(registers=registers).map.fields


def test_limits_are_checked_against_fields():
    """A field that the device could never give in one read."""
    text = {"address": 0, "type": "string", "length": 40}
    words = "takes 20 registers, and this device gives at most 10"
    assert words in refusal(ModbusConfig, {"registers": [text], "max_registers": 10})


def test_base_needs_a_profile():
    """Own registers have their own addresses."""
    assert "base goes with a profile" in refusal(
        ModbusConfig, {"registers": [{"address": 1}], "base": 5}
    )
    refused = refusal(ModbusConfig, {"profile": "energy-meter", "base": 65500})
    assert "is outside the table, which ends at 65535" in refused


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "needs host"),
        ({"host": "a", "transport": "rtu"}, "needs serial"),
        ({"host": "a", "serial": {"device": "/dev/x"}}, "leave them out"),
        ({"serial": {"device": "/dev/x"}, "transport": "tcp"}, "needs host"),
        ({"host": "a", "serial": {"device": "/dev/x"}, "transport": "udp"}, "does not go with"),
        ({"host": "a", "unit_id": 256}, "unit_id"),
        ({"host": "a", "unit_id": []}, "at least one"),
        ({"host": "a", "unit_id": [1, 2, 1]}, "none twice"),
        ({"host": "a", "tls": {"ca_file": "x"}}, "tls goes with transport tls"),
        ({"host": "a", "transport": "tls", "tls": {"key_file": "x"}}, "needs tls.cert_file"),
        ({"host": "a", "request_timeout": 0}, "request_timeout"),
        ({"serial": {"device": "/dev/x", "parity": "M"}}, "parity"),
        ({"host": "-x"}, "host"),
    ],
)
def test_a_device_that_cannot_be(fields, words):
    """Transports want what is theirs, and no more."""
    assert words in refusal(ModbusDevice, fields)


def test_defaults():
    """Ports by transport; serial means RTU; secrets stay hidden."""
    assert ModbusDevice(host="a").tcp_port == 502
    assert ModbusDevice(host="a", transport="tls").tcp_port == 802
    serial = ModbusDevice.model_validate({"serial": {"device": "/dev/x"}})
    assert (serial.transport, serial.units) == ("rtu", (1,))
    secret = {"key_password": "hunter2", "cert_file": "c"}
    device = ModbusDevice.model_validate({"host": "a", "transport": "tls", "tls": secret})
    assert "hunter2" not in repr(device) + device.model_dump_json()
