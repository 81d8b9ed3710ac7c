"""What routes are given: the server, and who asks."""

from typing import Annotated

from fastapi import Depends, Header, Request

from orbital_devcore.core import Core
from orbital_devcore.sentinels import verify


def _core(request: Request) -> Core:
    core: Core = request.scope["core"]
    return core


TheCore = Annotated[Core, Depends(_core)]


def _sentinel(
    core: TheCore,
    sentinel: Annotated[str, Header(alias="X-Sentinel-ID")] = "",
    token: Annotated[str, Header(alias="X-API-Token")] = "",
) -> str:
    verify(core, sentinel, token)
    return sentinel


Sentinel = Annotated[str, Depends(_sentinel)]
"""The id of the sentinel that asks, once it is believed."""
