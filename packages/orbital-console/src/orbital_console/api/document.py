"""The OpenAPI document of `/api/v1`."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import msgspec

from orbital_console.api.operation import Operation, Parameter
from orbital_runtime.telemetry.server.requests import DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

View = dict[str, Any]
TASKS: Final = (
    Parameter("limit", "Tasks at most, 1000 if left out", "integer"),
    Parameter("offset", "Tasks before the first one", "integer"),
    Parameter("key", "Only this task"),
    Parameter("status", "Only those of this status"),
    Parameter("plugin", "Only those of this plugin"),
    Parameter("device_id", "Only those of this device"),
)
AGENT: Final = (
    Operation("/api/v1/status", "Summary of the agent", View),
    Operation("/api/v1/tasks", "Tasks with their last run", View, query=TASKS, refusals=(400,)),
    Operation("/api/v1/tasks/{key:path}/run", "Run a task now, and wait for it", View,
              method="POST", refusals=(401, 403, 404)),
    Operation("/api/v1/reload", "Read the configuration again", View,
              method="POST", refusals=(401, 403, 422)),
    Operation("/api/v1/outputs", "Outputs with their ledgers", list[View]),
    Operation("/api/v1/ledger", "The ledger of each output", dict[str, View]),
    Operation("/api/v1/buffer", "Samples that wait", View),
    Operation("/api/v1/plugins", "Plugins, where they run, and what failed", View),
    Operation("/api/v1/processors", "What each processor did with samples", dict[str, View]),
    Operation("/api/v1/cardinality", "Metrics, devices, tasks and labels with the most series", View,
              query=(Parameter("top", "Entries of each list", "integer"),), refusals=(400,)),
)  # fmt: skip
"""Operations that the agent serves also without the console."""
REFUSED: Final = {
    400: "A parameter is not usable",
    401: "The token of `sentinel token` is missing",
    403: "The request comes from another site's page",
    404: "There is no such thing",
    422: "The configuration has errors",
    503: "There are too many clients",
}
_REFERENCE: Final = "#/components/schemas/{name}"
_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}},
}


def document(operations: Sequence[Operation]) -> View:
    """The document, OpenAPI 3.1, of these operations and of those of the agent."""
    known = [*AGENT, *operations]
    answers, schemas = msgspec.json.schema_components(
        [one.answer for one in known], ref_template=_REFERENCE
    )
    paths: dict[str, View] = {}
    for one, answer in zip(known, answers, strict=True):
        path = re.sub(r":path}", "}", one.path)
        paths.setdefault(path, {})[one.method.lower()] = _operation(one, answer)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Orbital Sentinel",
            "version": version("orbital-console"),
            "description": "Clients on the same machine read without a token. All else needs the token that "
            "`sentinel token` prints, as `Authorization: Bearer TOKEN`.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas | {"Error": _ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(one: Operation, answer: View) -> View:
    changes = one.method != "GET"
    return {
        "summary": one.summary,
        "parameters": [*_places(one.path), *_query(one.query)],
        "responses": {"200": _response("The answer", answer), **dict(_refusals(one.refusals))},
        **({"security": [{"token": []}]} if changes else {}),
    }


def _places(path: str) -> Iterable[View]:
    for name in re.findall(r"{(\w+)", path):
        schema = {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query(parameters: Sequence[Parameter]) -> Iterable[View]:
    for name, text, kind in parameters:
        schema: View = {"type": kind}
        if kind == "integer":
            schema |= {"minimum": 0, "maximum": 10**DIGITS - 1}
        yield {"name": name, "in": "query", "description": text, "schema": schema}


def _refusals(codes: Sequence[int]) -> Iterable[tuple[str, View]]:
    for code in codes:
        yield str(code), _response(REFUSED[code], {"$ref": _REFERENCE.format(name="Error")})


def _response(text: str, schema: View) -> View:
    return {"description": text, "content": {"application/json": {"schema": schema}}}
