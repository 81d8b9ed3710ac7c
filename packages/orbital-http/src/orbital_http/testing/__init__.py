"""An HTTP server that misbehaves as it is told, for tests of clients."""

from orbital_http.testing.behaviours import (
    Answer,
    Behaviour,
    CloseAfterHeaders,
    CutAnswer,
    CutConnection,
    Drip,
    DripHeaders,
    Garbage,
    NoAnswer,
    Request,
    Step,
)
from orbital_http.testing.server import Certificate, HostileServer, server_tls

__all__ = [
    "Answer",
    "Behaviour",
    "Certificate",
    "CloseAfterHeaders",
    "CutAnswer",
    "CutConnection",
    "Drip",
    "DripHeaders",
    "Garbage",
    "HostileServer",
    "NoAnswer",
    "Request",
    "Step",
    "server_tls",
]
