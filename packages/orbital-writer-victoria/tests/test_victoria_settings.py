"""Addresses as people write them, and settings that cannot work."""

import pytest
from pydantic import ValidationError

from orbital_sdk.testing import make_batch
from orbital_testbench import Answer
from orbital_writer_victoria import VictoriaConfig

HOST = "http://victoria:8428"


@pytest.mark.parametrize(
    ("url", "account", "expected"),
    [
        (HOST, None, "/api/v1/write"),
        (f"{HOST}/", None, "/api/v1/write"),
        (f"{HOST}/api/v1/write", None, "/api/v1/write"),
        (f"{HOST}/behind/proxy/", None, "/behind/proxy/"),
        (f"{HOST}/insert/7:1/prometheus/api/v1/write", None, "/insert/7:1/prometheus/api/v1/write"),
        (HOST, "42", "/insert/42/prometheus/api/v1/write"),
        (f"{HOST}/", "42:7", "/insert/42:7/prometheus/api/v1/write"),
        (f"{HOST}/api/v1/write", "0", "/insert/0/prometheus/api/v1/write"),
        (f"{HOST}/vm/", "multitenant", "/vm/insert/multitenant/prometheus/api/v1/write"),
        (f"{HOST}/write?a=b", None, "/write?a=b"),
    ],
)
def test_where_requests_go(url, account, expected):
    """An address alone gets the write path; with an account, the path of a cluster."""
    config = VictoriaConfig(url=url, account=account)
    assert config.write_urls == (HOST + expected,)


async def test_cluster_requests_on_the_wire(hostile_server, connect):
    """What vminsert would see: tenant in the path, extra labels in the query, for every address."""
    hostile_server.script(Answer(503))
    hostile_server.default = Answer(204)
    write = await connect(
        hostile_server.url + "?x=1",
        fallback_urls=[hostile_server.url + "/two"],
        account="42:7",
        extra_labels={"dc": "fra 1", "rack": "é&"},
    )
    write(make_batch(1))
    extra = "extra_label=dc%3Dfra+1&extra_label=rack%3D%C3%A9%26"
    assert [request.path for request in hostile_server.requests] == [
        f"/insert/42:7/prometheus/api/v1/write?x=1&{extra}",
        f"/two/insert/42:7/prometheus/api/v1/write?{extra}",
    ]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"account": "seven"}, "account"),
        ({"account": "1", "url": f"{HOST}/insert/1/prometheus/api/v1/write"}, "leave account out"),
        ({"fallback_urls": ["ftp://x"]}, "http"),
        ({"extra_labels": {"a=b": "c"}}, "a=b"),
        ({"compression": "gzip"}, "compression"),
        ({"headers": {"X-VictoriaMetrics-Remote-Write-Version": "2"}}, "cannot be set"),
        ({"max_labels": -1}, "max_labels"),
    ],
)
def test_settings_that_cannot_work(settings, said):
    """Refused before anything is sent, with what is wrong."""
    with pytest.raises(ValidationError, match=said):
        VictoriaConfig.model_validate({"url": HOST, **settings})
