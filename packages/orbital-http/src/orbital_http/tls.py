"""Why TLS did not come about, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_sdk.tls import not_accepted

if TYPE_CHECKING:
    from orbital_http.destination import Destination


def tls_advice(reason: str, why: str, to: Destination) -> str:
    """Why TLS did not come about, and what to do.

    Args:
        reason: OpenSSL's name for it, such as `CERTIFICATE_VERIFY_FAILED`.
        why: What is wrong with the server's certificate, where it is that.
        to: Where to.
    """
    names = to.names
    if why:
        return not_accepted(
            why, ca_file=names.ca_file, server_name=names.server_name, address=names.address
        )
    words = reason.replace("_", " ").lower()
    if "wrong version number" in words or "http request" in words:
        plain = to.address.partition(":")[0].removesuffix("s")
        return f"it speaks no TLS there; write {plain}:// in {names.address}, or another port"
    if "certificate required" in words or ("handshake failure" in words and not to.has_certificate):
        return f"it asks for a client certificate; set {names.cert_file} and {names.key_file}"
    if "alert" in words and ("certificate" in words or "unknown ca" in words):
        return f"it does not accept our certificate ({words}); look at {names.cert_file}"
    return f"no TLS connection ({words}); look at {names.files}"
