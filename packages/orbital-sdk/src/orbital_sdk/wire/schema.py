"""The schema of all that crosses, as JSON Schema; `docs/contract.md` says how MessagePack has it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from orbital_sdk.wire.answers import FromProgram
from orbital_sdk.wire.calls import FromAgent

REFERENCE: Final = "#/$defs/{name}"


def json_schema() -> dict[str, Any]:
    """Both ends' messages under `from_agent` and `from_program`, all that is in them under `$defs`.

    Bytes are base64 in JSON, and binary in MessagePack.
    """
    (agent, program), definitions = msgspec.json.schema_components(
        (FromAgent, FromProgram), ref_template=REFERENCE
    )
    return {"from_agent": agent, "from_program": program, "$defs": definitions}
