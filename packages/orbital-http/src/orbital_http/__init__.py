"""HTTP for an agent: whole answers in time, TLS, proxies, secrets, and errors in words."""

from orbital_http.client import HttpClient
from orbital_http.credentials import Credentials, SecretFile
from orbital_http.deadline import DeadlineAdapter
from orbital_http.destination import Destination, SettingNames
from orbital_http.errors import HttpMisconfigured, HttpUnavailable, RequestFailed, write_errors
from orbital_http.failures import explain
from orbital_http.incoming import Incoming
from orbital_http.reply import Reply, one_line
from orbital_http.risks import stays_here, warn
from orbital_http.settings import BasicAuth, ProxyUrl, Tls
from orbital_http.tls import tls_advice

__all__ = [
    "BasicAuth",
    "Credentials",
    "DeadlineAdapter",
    "Destination",
    "HttpClient",
    "HttpMisconfigured",
    "HttpUnavailable",
    "Incoming",
    "ProxyUrl",
    "Reply",
    "RequestFailed",
    "SecretFile",
    "SettingNames",
    "Tls",
    "explain",
    "one_line",
    "stays_here",
    "tls_advice",
    "warn",
    "write_errors",
]
