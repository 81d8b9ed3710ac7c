"""A program that speaks gRPC, with its samples in hand: what a plugin in another language costs at least."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import grpc.aio

from orbital_plugin_grpc.connection import PROOF
from orbital_plugin_grpc.loader import GrpcLoader
from orbital_plugin_grpc.schema import METHOD, PACKAGE, SERVICE, message_class
from orbital_plugin_host.handshake import COOKIE, FOLDER, Address, line, proof

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orbital_sdk import Plugin

CALLS: Final = message_class("Calls")
ANSWERS: Final = message_class("Answers")
rpc: Any = grpc  # its stubs know no bytes
NAME: Final = "bench_grpc"


def plugin(samples: int) -> type[Plugin[Any, Any]]:
    """The plugin that this program is, with so many samples a collection. Blocks."""
    command = [sys.executable, "-m", __name__, str(samples)]
    described = {"meta": {"name": NAME}, "exec": {"command": command, "protocol": "grpc"}}
    return GrpcLoader().load(Path.cwd(), described)


class _Program:
    def __init__(self, samples: int) -> None:
        series = [{"metric": 0, "values": [str(row)]} for row in range(samples)]
        metrics = [{"name": "bench_row", "kind": "gauge", "labels": ["row"]}]
        self._table = {"table": {"table": 0, "metrics": metrics, "series": series}}
        self._samples = {"samples": {"table": 0, "values": [float(row) for row in range(samples)]}}
        self._known: set[int] = set()

    async def exchange(self, stream: Any, context: Any) -> None:
        await context.send_initial_metadata([(PROOF, proof(os.environ[COOKIE], "program").hex())])
        async for body in stream:
            answers = [one for call in CALLS.FromString(body).calls for one in self._answers(call)]
            if answers:
                await context.write(ANSWERS(answers=answers).SerializeToString())
        os._exit(0)

    def _answers(self, said: Any) -> Iterator[dict[str, Any]]:
        kind = said.WhichOneof("type")
        call = getattr(said, kind)
        match kind:
            case "hello":
                field = {"name": "host", "type": "string", "required": True}
                manifest = {"meta": json.dumps({"name": NAME}), "device_fields": [field]}
                offer = {"part": "plugin", "name": NAME, "manifest": manifest}
                yield {"welcome": {"contract": 1, "offers": [offer]}}
            case "device":
                yield {"facts": {"call": call.call, "target": "bench"}}
            case "collect":
                known = call.session in self._known
                self._known.add(call.session)
                records = [self._samples] if known else [self._table, self._samples]
                yield {"collected": {"call": call.call, "records": records}}
            case "cancel":
                pass
            case _:
                yield {"done": {"call": call.call}}


async def _main() -> None:
    server = grpc.aio.server()
    handler = rpc.stream_stream_rpc_method_handler(_Program(int(sys.argv[1])).exchange)
    service = rpc.method_handlers_generic_handler(f"{PACKAGE}.{SERVICE}", {METHOD: handler})
    server.add_generic_rpc_handlers((service,))
    address = Address(f"{os.environ[FOLDER]}/socket", "grpc")
    server.add_insecure_port(f"unix:{address.socket}")
    await server.start()
    print(line(address), flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(_main())
