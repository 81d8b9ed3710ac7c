"""The form of all that crosses: maps by the names of fields, so that either end may be the older one."""

from __future__ import annotations

import re

import msgspec


class Form(msgspec.Struct, omit_defaults=True):
    """A part of a message. Unknown fields are passed over; those that have their default are left out."""


def _type(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Message(Form, tag_field="type", tag=_type):
    """A message: its `type` is the name of its class, as `not_written` is of `NotWritten`."""
