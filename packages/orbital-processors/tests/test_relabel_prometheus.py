"""relabel against Prometheus itself: generated rules and series, compared one by one.

Each case is a job of one Prometheus, which scrapes the case's page. Every sample has a value and a time
of its own, so one query tells what became of each. CI compares a few cases of each action; the full
comparison is run by hand: `RELABEL_CASES=1500 pytest packages/orbital-processors -k prometheus`.
"""

import os
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import hypothesis.strategies as st
import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from pydantic import ValidationError

from orbital_processors import Relabel, RelabelConfig
from orbital_sdk import Layout, Row
from orbital_sdk.testing import FakeHost, make_origin
from orbital_testbench import wait_until

CASES = int(os.environ.get("RELABEL_CASES", "60"))
FIRST = 1_000_000
"""Value of the first sample: above all that Prometheus says of its scrapes."""
NAMES = ["a", "b", "ab", "Ab", "B_1", "__tmp_x", "c1", "label_a", "label_b"]
TEXTS = [
    "", "a", "b", "foo", "FOO", "fooo", "a;b", "a;", "10", "$1", "${1}", "x y", "Straße", "ﬁ", "İi",
    "ΑΣ", "ǆ", "世界",
    'q"\\', "foo-bar", "a.b", "label_a",
]  # fmt: skip
METRICS = ["m", "n_total", "foo", "a:b"]
REGEXES = [
    "(.*)", "", ".*", ".+", "(.+)", "a", "a|ab", "(a|b)+", "(?i)FOO", "(fo)(o)?(o)?", "([a-z])(.*)",
    "([^;]*);(.*)",
    "(?P<n>.*)o", "(?P<n>f)|(a)", "^foo$", r"\w+", r"(\w+)\W(\w+)", r"\p{L}+", "(a*)*", "[[:alpha:]]+",
    "label_(.+)", "(.*)_(.*)",
    "(__name__)", "[^_].*", "(.)(.)?", r"\Qa;b\E", "fo{1,2}", "(?s).", "(?U)(.+)(o*)",
]  # fmt: skip
REPLACEMENTS = [
    "$1", "${1}", "$2", "${2}", "$n", "${n}", "x", "", "$$", "$", "a$", "$-", "${1}x${1}", "$0", "$01",
    "${}", "${n",
    "x_$1", "label_$1", "a", "ab", "$$1", "__name__", "foo",
]  # fmt: skip
TARGETS = [
    "a",
    "b",
    "ab",
    "c1",
    "__name__",
    "__tmp_x",
    "x_$1",
    "${1}",
    "${1}_$2",
    "$n",
    "$$",
    "new",
]
ACTIONS = [
    *["replace"] * 8, *["labelmap"] * 4, "hashmod", "labeldrop", "labelkeep", "lowercase", "uppercase",
    "keep",
    "drop", "keepequal", "dropequal",
]  # fmt: skip
OPTIONS = {
    "regex": st.sampled_from(REGEXES),
    "separator": st.sampled_from([";", "", "-", "a", "$1"]),
    "replacement": st.sampled_from(REPLACEMENTS),
    "target_label": st.sampled_from(TARGETS),
    "source_labels": st.lists(st.sampled_from([*NAMES, "__name__", "missing", "job"]), max_size=3),
    "modulus": st.sampled_from([1, 2, 8, 1000, (1 << 64) - 1]),
}
USED = {
    "replace": ["regex", "separator", "replacement", "target_label", "source_labels"],
    "keep": ["regex", "separator", "source_labels"],
    "drop": ["regex", "separator", "source_labels"],
    "keepequal": ["target_label", "source_labels"],
    "dropequal": ["target_label", "source_labels"],
    "hashmod": ["modulus", "separator", "target_label", "source_labels"],
    "labelmap": ["regex", "replacement"],
    "labeldrop": ["regex"],
    "labelkeep": ["regex"],
    "lowercase": ["target_label", "separator", "source_labels"],
    "uppercase": ["target_label", "separator", "source_labels"],
}
ALWAYS = {"target_label", "modulus"}


@st.composite
def rules(draw, actions=ACTIONS):
    """A rule that both accept; keys are left out as people do."""
    action = draw(st.sampled_from(actions))
    rule = {"action": action}
    for key in USED[action]:
        if key in ALWAYS or draw(st.booleans()):
            rule[key] = draw(OPTIONS[key])
    try:
        RelabelConfig.model_validate({"rules": [rule]})
    except ValidationError:
        assume(False)
    return rule


SERIES = st.lists(
    st.tuples(
        st.sampled_from(METRICS),
        st.dictionaries(st.sampled_from(NAMES), st.sampled_from(TEXTS), max_size=5),
    ),
    min_size=1, max_size=4,
    unique_by=lambda one: (one[0], tuple(sorted((k, v) for k, v in one[1].items() if v))),
)  # fmt: skip


@pytest.mark.real
def test_equal_to_prometheus(start_prometheus):
    """Each series leaves with the labels that Prometheus gives it, or is dropped by both."""
    cases = made(CASES)
    with pages([page(series, number) for number, (_, series) in enumerate(cases)]) as address:
        server = start_prometheus(scrape=scrape(cases, address), out_of_order="1h", receiver=False)
        wait_until(
            lambda: scraped(server) == len(cases), timeout=120, every=0.5, what="every scrape"
        )
        theirs = stored(server)
    ours = [relabelled(case, number, address) for number, case in enumerate(cases)]
    for number, (case, mine) in enumerate(zip(cases, ours, strict=True)):
        places = [FIRST + 10 * number + place for place in range(len(case[1]))]
        assert [theirs.get(place) for place in places] == mine, case


def made(count):
    """At least so many cases, as many of each action, the same each time."""
    cases = []
    for action in USED:

        @settings(
            max_examples=-(-count // len(USED)), derandomize=True, database=None, deadline=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(rules([action]), st.lists(rules(), max_size=3), SERIES)
        def collect(first, others, series):
            cases.append(([first, *others], series))

        collect()
    return cases


def relabelled(case, number, address):
    """What our processor makes of the case's series: labels, or None; all None if one would be invalid."""
    given_rules, series = case
    added = {"job": f"case-{number}", "instance": address}
    layout = Layout(make_origin(), [Row(name, {**labels, **added}) for name, labels in series])
    processor, host = Relabel(RelabelConfig.model_validate({"rules": given_rules})), FakeHost()
    for _ in processor.start(host).__await__():
        raise AssertionError
    rows = processor.plan(layout)
    if host.value("invalid_series_total"):
        return [None] * len(rows)  # Prometheus fails the whole scrape
    return [None if row is None else {"__name__": row.name, **dict(row.labels)} for row in rows]


def page(series, number):
    """The case's samples in the text format."""
    now = round(time.time() * 1000) - 600_000
    lines = []
    for place, (name, labels) in enumerate(series):
        texts = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items() if text)
        value = FIRST + 10 * number + place
        lines.append(f"{name}{{{texts}}} {value} {now + value - FIRST}\n")
    return "".join(lines).encode()


def _escaped(text):
    return text.replace("\\", "\\\\").replace('"', '\\"')


def scrape(cases, address):
    """A job for each case."""
    jobs = [
        {
            "job_name": f"case-{number}",
            "metrics_path": f"/{number}",
            "scrape_interval": f"{max(3, len(cases) // 100)}s",
            "honor_labels": True,
            "static_configs": [{"targets": [address]}],
            "metric_relabel_configs": given_rules,
        }
        for number, (given_rules, _) in enumerate(cases)
    ]
    return yaml.safe_dump({"scrape_configs": jobs}, allow_unicode=True)


def scraped(server):
    """How many pages were taken, or refused for a series that is none."""
    targets = server.get("/api/v1/targets").json()["data"]["activeTargets"]
    return sum(
        target["health"] == "up" or "metric name" in target["lastError"] for target in targets
    )


def stored(server):
    """Labels by value."""
    answer = server.get("/api/v1/query", query='{__name__!=""}[1h]').json()["data"]["result"]
    return {
        int(float(value)): series["metric"]
        for series in answer
        for _, value in series["values"]
        if float(value) >= FIRST
    }


@contextmanager
def pages(bodies):
    """A web server with these pages by number. Gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = bodies[int(self.path[1:])]
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 512

        def handle_error(self, *args):
            """Whoever hung up asks again."""

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
