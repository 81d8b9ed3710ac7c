"""Requests to one server, whose answers come whole and in time, or fail in words."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import requests
import urllib3
from urllib3.exceptions import HTTPError

from orbital_http.deadline import DeadlineAdapter
from orbital_http.destination import Destination, SettingNames
from orbital_http.failures import explain
from orbital_http.incoming import Incoming
from orbital_http.reply import Reply
from orbital_http.settings import Tls

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from pydantic import SecretStr

    Auth = Callable[[requests.PreparedRequest], requests.PreparedRequest]
    Headers = Mapping[str, str | bytes]

ANSWER: Final = 64 << 10
"""Bytes of an answer that `post` reads; more end the connection."""
AGENT: Final = "orbital-sentinel"


class HttpClient:
    """One server. It may be used by several threads. Redirects are not followed, `.netrc` is not read.

    Args:
        address: The server's, as people may see it.
        timeout: Seconds for sending a request and reading its whole answer.
        connect_timeout: Seconds for each step of connecting; never more than `timeout`.
        tls: How it is verified, and how it can verify us.
        proxy_url: A proxy on the way.
        proxy_from_environment: Obey HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
        headers: Of each request.
        auth: Puts credentials on each request.
        connections: Connections that are kept.
        names: What the settings are called in messages.
    """

    def __init__(
        self,
        address: str,
        *,
        timeout: float,
        connect_timeout: float = 10.0,
        tls: Tls | None = None,
        proxy_url: SecretStr | None = None,
        proxy_from_environment: bool = False,
        headers: Mapping[str, str] | None = None,
        auth: Auth | None = None,
        connections: int = 4,
        names: SettingNames | None = None,
    ) -> None:
        tls = tls or Tls()
        self.address = address
        self._timeout = timeout
        self._to = Destination(address, names or SettingNames(), tls.cert_file is not None)
        self._verify = _verify(tls)
        """Given with each request: for a session's own, requests lets REQUESTS_CA_BUNDLE win."""
        if tls.insecure_skip_verify:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # once a request
        self._session = session = requests.Session()
        session.auth = auth or _no_auth
        session.trust_env = proxy_from_environment
        session.headers.clear()
        session.headers["User-Agent"] = AGENT
        session.headers.update(headers or {})
        if proxy_url:
            session.proxies = dict.fromkeys(("http", "https"), proxy_url.get_secret_value())
        if tls.cert_file:
            session.cert = str(tls.cert_file), str(tls.key_file or tls.cert_file)
        adapter = DeadlineAdapter(
            connect_timeout, connections=connections, server_name=tls.server_name
        )
        session.mount("http://", adapter)
        session.mount("https://", adapter)

    @contextmanager
    def exchange(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        *,
        headers: Headers | None = None,
        params: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Generator[Incoming]:
        """A request and its answer, which is read inside of the `with`. Nothing else belongs there.

        Args:
            method: GET, POST, ...
            url: With its query.
            body: None for none.
            headers: Of this request alone.
            params: More of a query.
            timeout: Seconds; None for those of the client.

        Raises:
            RequestFailed: No answer came, or not all of it in time, and why.
        """
        try:
            with self._session.request(
                method, url, data=body, params=params, headers=headers, stream=True,
                timeout=timeout or self._timeout, allow_redirects=False, verify=self._verify,
            ) as response:  # fmt: skip
                yield Incoming(response)
        except ValueError as error:  # an address or a header; the words have its value in them
            raise explain(error, self._to) from None
        except (requests.RequestException, HTTPError, OSError) as error:
            raise explain(error, self._to) from error

    def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Headers | None = None,
        params: Mapping[str, str] | None = None,
        limit: int = ANSWER,
    ) -> Reply:
        """POST, and the answer as far as it goes: for answers that are short, or words for people.

        Args:
            url: With its query.
            body: May be empty.
            headers: Of this request alone.
            params: More of a query.
            limit: Bytes of the answer that are read.

        Raises:
            RequestFailed: As `exchange`.
        """
        with self.exchange("POST", url, body, headers=headers, params=params) as answer:
            read = answer.read(limit)
            data = bytes(read.data)
            if read.problem and answer.headers.get("Content-Encoding"):  # none was asked for
                data = f"an answer that cannot be read: {read.problem}".encode()
            return Reply(answer.status, answer.headers, data)

    def close(self) -> None:
        """Close its connections."""
        self._session.close()


def _verify(tls: Tls) -> bool | str:
    if tls.insecure_skip_verify:
        return False
    return str(tls.ca_file) if tls.ca_file else True


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Being there at all keeps `.netrc` out."""
    return request
