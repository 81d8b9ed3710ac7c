"""TLS contexts of devices: made once, and made again when a file changes."""

from __future__ import annotations

import os
import ssl
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_sdk import ConfigurationError
from orbital_sdk.tls import client_context

if TYPE_CHECKING:
    from orbital_plugin_http.device import HttpDevice

MOST: Final = 256
"""Contexts kept; one with the system's authorities takes about a megabyte."""
_VERSIONS: Final = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_SYSTEM: Final = ssl.get_default_verify_paths().cafile or ""


class Options(NamedTuple):
    """What a context is made of."""

    ca_file: str | None
    cert_file: str | None
    key_file: str | None
    key_password: str | None
    verify: bool
    min_version: str

    @classmethod
    def of(cls, device: HttpDevice) -> Options:
        secret = device.key_password
        return cls(
            device.ca_file,
            device.cert_file,
            device.key_file,
            None if secret is None else secret.get_secret_value(),
            not device.insecure_skip_verify,
            device.min_tls_version,
        )

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.ca_file or _SYSTEM, self.cert_file, self.key_file)))


class Contexts:
    """Devices with equal options share a context."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Options, _Kept] = OrderedDict()

    def get(self, options: Options) -> ssl.SSLContext:
        """The context; of the files as they are, or were when they last could be read.

        Raises:
            ConfigurationError: It cannot be made.
        """
        with self._lock:  # settings may be checked on another thread while probes run
            kept = self._kept.get(options)
            if kept is None:
                kept = self._kept[options] = _Kept(options)
                if len(self._kept) > MOST:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(options)
            return kept.current()


CONTEXTS: Final = Contexts()
"""Those of all plugin instances."""


class _Kept:
    """A context, and how its files looked when it was made."""

    __slots__ = ("context", "options", "stamps")

    def __init__(self, options: Options) -> None:
        self.options = options
        self.stamps = _stamps(options)
        self.context = make(options)

    def current(self) -> ssl.SSLContext:
        stamps = _stamps(self.options)
        if stamps != self.stamps:
            try:
                self.context = make(self.options)
                self.stamps = stamps
            except ConfigurationError:
                pass  # half-written or gone for a moment: the old one serves, the next look tries again
        return self.context


def _stamps(options: Options) -> list[tuple[int, int]]:
    stamps: list[tuple[int, int]] = []
    for path in options.files:
        try:
            status = os.stat(path)  # noqa: PTH116 (the plain call)
        except OSError:
            stamps.append((0, 0))
        else:
            stamps.append((status.st_mtime_ns, status.st_size))
    return stamps


def make(options: Options) -> ssl.SSLContext:
    """A client's context.

    Raises:
        ConfigurationError: A file cannot be read or used; the message names it.
    """
    context = client_context(
        ca_file=options.ca_file,
        cert_file=options.cert_file,
        key_file=options.key_file,
        key_password=options.key_password,
        verify=options.verify,
        password_setting="key_password",  # noqa: S106 (its name)
    )
    # The same on every Python: devices' certificates are seldom strict, and a pinned one is an anchor.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.minimum_version = _VERSIONS[options.min_version]
    context.set_alpn_protocols(["http/1.1"])
    return context
