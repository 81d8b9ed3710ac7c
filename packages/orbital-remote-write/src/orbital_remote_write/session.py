"""The HTTP session of one destination: connections, certificates, headers, proxy."""

from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING, Final

import requests
import urllib3

from orbital_remote_write.deadline import PunctualAdapter
from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from orbital_remote_write.credentials import Credentials
    from orbital_remote_write.exchange import Reach
    from orbital_remote_write.settings import RemoteWriteConfig, Tls

HEADERS: Final = {
    "Content-Type": "application/x-protobuf",
    "User-Agent": "orbital-sentinel",
}
"""Of every request; a codec brings its own beside them."""
_log: Final = logging.getLogger("orbital.remote_write")


def make_session(config: RemoteWriteConfig, credentials: Credentials) -> requests.Session:
    """A session that knows everything but the body. Nothing is sent yet."""
    session = reaching(config)
    session.auth = credentials
    session.headers.update({k: v.get_secret_value() for k, v in config.headers.items()})
    session.headers.update(HEADERS)
    if config.tenant:
        session.headers["X-Scope-OrgID"] = config.tenant
    return session


def reaching(reach: Reach) -> requests.Session:
    """A session with connections, certificates and proxies, and no headers."""
    session = requests.Session()
    _mount(session, reach)
    session.trust_env = reach.proxy_from_environment
    session.headers.clear()
    if reach.proxy_url:
        session.proxies = dict.fromkeys(("http", "https"), reach.proxy_url.get_secret_value())
    _verify(session, reach.tls)
    return session


def check_tls(tls: Tls) -> None:
    """Load every file once, so that a wrong one is known at the start.

    Raises:
        ConfigurationError: Which one, and why.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if tls.ca_file is not None:
        try:
            context.load_verify_locations(cafile=tls.ca_file)
        except OSError as error:
            message = f"tls.ca_file {tls.ca_file}: {_why(error)}"
            raise ConfigurationError(message, field="tls.ca_file") from error
    if tls.cert_file is not None:
        try:
            context.load_cert_chain(tls.cert_file, tls.key_file, password=_no_passphrase)
        except (OSError, ValueError) as error:
            names = " with ".join(str(path) for path in (tls.cert_file, tls.key_file) if path)
            message = f"tls.cert_file {names}: {_why(error)}"
            raise ConfigurationError(message, field="tls.cert_file") from error


def warn(address: str, *, insecure: bool, bare: bool, log: logging.Logger = _log) -> None:
    """Say once what is dangerous about these settings.

    Args:
        address: Of the destination, for people.
        insecure: Whether any certificate is taken.
        bare: Whether credentials go out without TLS, to another machine.
        log: Where.
    """
    if insecure:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # else once a request
        log.warning(
            "%s: tls.insecure_skip_verify lets anyone on the way read and change everything",
            address,
        )
    if bare:
        log.warning("%s: credentials go out without TLS; anyone on the way can read them", address)


def _mount(session: requests.Session, reach: Reach) -> None:
    tls = {"server_hostname": reach.tls.server_name} if reach.tls.server_name else {}
    adapter = PunctualAdapter(reach.timeout, tls=tls)
    session.mount("http://", adapter)
    session.mount("https://", adapter)


def _verify(session: requests.Session, tls: Tls) -> None:
    session.verify = str(tls.ca_file) if tls.ca_file else True
    if tls.insecure_skip_verify:
        session.verify = False
    if tls.cert_file and tls.key_file:
        session.cert = str(tls.cert_file), str(tls.key_file)
    elif tls.cert_file:
        session.cert = str(tls.cert_file)


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase; store it without one, readable by the agent alone")


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "no PEM file of that kind").replace("_", " ").lower()
        return "the key does not belong to the certificate" if "mismatch" in reason else reason
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
