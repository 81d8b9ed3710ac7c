"""The health service of gRPC, which servers of go-plugin have. A program need not have it."""

from __future__ import annotations

from typing import Any, Final

from grpc import StatusCode
from grpc.aio import AioRpcError
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from orbital_plugin_grpc.reasons import reason

PATH: Final = "/grpc.health.v1.Health/Check"
SERVICE: Final = "plugin"
"""What go-plugin's servers call themselves there."""
NONE: Final = (StatusCode.UNIMPLEMENTED, StatusCode.NOT_FOUND)
"""There is no such service, or it does not know that name."""


async def check_health(channel: Any) -> None:
    """Ask whether the program serves.

    Raises:
        OSError: It says that it does not.
    """
    ask = channel.unary_unary(
        PATH,
        request_serializer=HealthCheckRequest.SerializeToString,
        response_deserializer=HealthCheckResponse.FromString,
    )
    try:
        answer = await ask(HealthCheckRequest(service=SERVICE))
    except AioRpcError as error:
        if error.code() in NONE:
            return
        raise OSError(f"its health service {reason(error.code(), error.details())}") from error
    if answer.status != HealthCheckResponse.SERVING:
        status = HealthCheckResponse.ServingStatus.Name(answer.status)
        raise OSError(f"its health service says {status}")
