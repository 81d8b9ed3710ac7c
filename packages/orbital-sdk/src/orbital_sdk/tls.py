"""TLS contexts from PEM files, and what to do about a file or a certificate that cannot be used."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from orbital_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Generator
    from os import PathLike

    Path = str | PathLike[str]

_NO_SETTING: Final = "store it without one, readable by the agent alone"


def client_context(
    *,
    ca_file: Path | None = None,
    cert_file: Path | None = None,
    key_file: Path | None = None,
    key_password: str | None = None,
    verify: bool = True,
    prefix: str = "",
    password_setting: str = "",
) -> ssl.SSLContext:
    """The context of a client.

    Args:
        ca_file: Authorities to trust in place of the system's.
        cert_file: Our own certificate.
        key_file: Its key, where `cert_file` does not hold it.
        key_password: Of the key.
        verify: Whether the server's certificate and its name are looked at.
        prefix: Of the settings' names in messages, such as `tls.`.
        password_setting: The setting that holds `key_password`; empty where there is none.

    Raises:
        ConfigurationError: A file cannot be read or used. Its field is that of the file.
    """
    with _usable(f"{prefix}ca_file", ca_file, "it has to be a PEM file of certificates"):
        context = ssl.create_default_context(cafile=ca_file)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if cert_file is not None:
        identify(
            context,
            cert_file,
            key_file,
            key_password,
            prefix=prefix,
            password_setting=password_setting,
        )
    return context


def identify(
    context: ssl.SSLContext,
    cert_file: Path,
    key_file: Path | None = None,
    key_password: str | None = None,
    *,
    prefix: str = "",
    password_setting: str = "",
) -> None:
    """Load our own certificate and its key. Arguments and errors as `client_context`."""

    def password() -> str:  # without it OpenSSL would ask at the terminal
        if key_password:
            return key_password
        advice = f"it needs {password_setting}" if password_setting else _NO_SETTING
        raise ValueError(f"the key has a passphrase; {advice}")

    files = f"{cert_file} with the key {key_file or 'in it'}"
    with _usable(f"{prefix}cert_file", files, "both have to be PEM"):
        context.load_cert_chain(cert_file, key_file, password)


def trust(context: ssl.SSLContext, ca_file: Path, *, field: str = "ca_file") -> None:
    """Load authorities of the other side. Raises as `client_context`; `field` is the setting."""
    with _usable(field, ca_file, "it has to be a PEM file of certificates"):
        context.load_verify_locations(ca_file)


def not_accepted(
    why: str, *, ca_file: str, server_name: str = "", address: str = "the address"
) -> str:
    """What to tell of a server whose certificate verification refused, with what to do.

    Args:
        why: `ssl.SSLCertVerificationError.verify_message`.
        ca_file: Name of the setting.
        server_name: Name of the setting; empty where there is none.
        address: What the setting is called that says where the server is.
    """
    why = why.strip(". ")
    said = f"its certificate is not accepted ({why})"
    if "mismatch" in why or "not valid for" in why:
        other = f", or set {server_name}" if server_name else ""
        return f"{said}; look at {address}{other}"
    if "expired" in why or "not yet valid" in why:
        return f"{said}; renew it there, and look at the clocks"
    return f"{said}; set {ca_file} to the authority that signed it"


@contextmanager
def _usable(field: str, files: Path | None, advice: str) -> Generator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        hint = "" if isinstance(error, ValueError) else f"; {advice}"
        message = f"{field} {files} cannot be used: {_why(error)}{hint}"
        raise ConfigurationError(message, field=field) from error


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "no PEM file of that kind").replace("_", " ").lower()
        return "the key does not belong to the certificate" if "mismatch" in reason else reason
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
