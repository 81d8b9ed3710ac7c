"""`sentinel test FILE`: tests of a configuration, with samples written down and with recordings."""

from __future__ import annotations

import pytest

CONFIG = """\
processors: [{name: rename, metrics: {"node_*": "host_*"}}]
sender: {direct: {file: {path: out.jsonl}}}
tasks:
  - id: shop
    plugin: http
    labels: {site: x}
    config: {url: "https://shop.example.com/metrics", prometheus: {}}
    processors:
      - {name: filter, drop: [{metric: "go_*"}]}
      - {name: rate, match: [{metric: requests_total}]}
  - {id: switch, plugin: snmp, config: {host: 192.0.2.1, community: c}}
  - id: meter
    plugin: modbus
    device: {host: 192.0.2.2}
    config: {registers: [{name: volts, address: 0}]}
    processors:
      - {name: labels, set: {at: "{device.target}", host: "{device.host}"}}
  - {id: router, plugin: ping, config: {host: router.invalid}}
"""
WALK = """\
.1.3.6.1.2.1.1.3.0 = Timeticks: (123456) 0:20:34.56
.1.3.6.1.2.1.2.2.1.1.1 = INTEGER: 1
.1.3.6.1.2.1.2.2.1.2.1 = STRING: "eth0"
.1.3.6.1.2.1.31.1.1.1.1.1 = STRING: "eth0"
.1.3.6.1.2.1.31.1.1.1.6.1 = Counter64: 5000000000
"""
TESTS = """\
configuration: shop.yaml
tests:
  - name: what Go says of itself is left out
    task: shop
    given: {body: page.prom}
    include: |
      host_load1{site="x"} 0.5
    absent: [go_threads]
  - name: rates over two collections
    task: shop
    given:
      - at: 0s
        samples: |
          # TYPE requests_total counter
          requests_total 10
      - at: 10s
        samples: |
          # TYPE requests_total counter
          requests_total 30
    expect: |
      requests_total:rate{site="x"} 2
  - name: a walk
    task: switch
    given: {walk: switch.walk}
    include: |
      interface_in_bytes{ifDescr="eth0",ifIndex="1",ifName="eth0"} 5000000000
  - name: registers
    task: meter
    given: {registers: meter.registers}
    include: |
      volts{at="192.0.2.2:502",host="192.0.2.2",unit_id="1"} 230
  - name: samples come from the device
    task: meter
    given: {samples: "volts 1"}
    expect: |
      volts{at="192.0.2.2:502",host="192.0.2.2"} 1
  - name: what ping said
    task: router
    given: {replies: router.ping}
    include: |
      ping_packet_loss{host="router.invalid"} 50
"""
PING = """\
PING router.invalid (192.0.2.3) 56(84) bytes of data.
64 bytes from 192.0.2.3: icmp_seq=2 ttl=62 time=0.5 ms
2 packets transmitted, 1 received, 50% packet loss, time 1004ms
"""


@pytest.fixture
def shop(machine):
    """A machine with a configuration, and recordings beside its tests."""
    folder = machine.config(CONFIG, "shop.yaml").parent
    (folder / "page.prom").write_text("node_load1 0.5\ngo_threads 7\n")
    (folder / "switch.walk").write_text(WALK)
    (folder / "meter.registers").write_text("holding 0: 00e6\n")
    (folder / "router.ping").write_text(PING)

    def tests(text):
        (folder / "shop.test.yaml").write_text(text)
        return machine.sentinel("test", "shop.test.yaml")

    return tests


def test_tests_that_pass(shop):
    """Samples and every kind of recording, through the plugin and the processors of the task and of all."""
    done = shop(TESTS)
    assert done.out.splitlines()[-1] == "6 passed, 0 failed", done.out + done.err
    assert done.code == 0


def test_a_difference_reads_well(shop):
    """What did not come and what came instead stand together, under file and line."""
    done = shop(
        TESTS.replace("} 0.5", "} 0.7").replace("absent: [go_threads]", "absent: [host_load1]")
    )
    assert done.code == 1
    assert done.out.splitlines()[:3] == [
        "failed: shop.test.yaml:3: what Go says of itself is left out",
        '  - host_load1{site="x"} 0.7',
        '  + host_load1{site="x"} 0.5',
    ]
    assert done.out.splitlines()[-1] == "5 passed, 1 failed"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("include: |", "inclde: |", "shop.test.yaml:6: tests[0].inclde: unknown key"),
        ("body: page", "bdy: page", "shop.test.yaml:5: tests[0].given.bdy: is not a kind of recording"),
        ("switch.walk", "other.walk", "other.walk: No such file"),
        ("task: switch", "task: nobody", "shop.test.yaml:23: tests[2].task: there is no enabled task"),
        ("requests_total 10", "requests_total{ 10", "given[0].samples: is not text in Prometheus' format"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file(shop, old, new, problem):
    """With file, line and key; nothing runs."""
    done = shop(TESTS.replace(old, new, 1))
    assert done.code != 0
    assert problem in done.err
