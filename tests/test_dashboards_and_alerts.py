"""The dashboards and alerts in deploy/: what they ask for exists, and an alert fires when it should."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import yaml

from orbital_plugin_snmp.plugin import SnmpConfig
from orbital_plugin_snmp.polling.catalogue import Catalogue
from orbital_plugin_snmp.profiles.loading import shipped
from orbital_runtime.engine.report import METRICS as OF_RUNS
from orbital_testbench.programs import MissingProgramError, find_program, skip_or_fail

DEPLOY = Path(__file__).parents[1] / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yaml"
DASHBOARDS = sorted(DEPLOY.joinpath("grafana").glob("*.json"))
PROFILES = ("if_mib", "system")
"""Profiles of plugin snmp that a dashboard may use besides the default one."""
OTHER = re.compile(r"\{[^}]*\}|\[[^\]]*\]|\b(by|on) \([^)]*\)")
"""Parts of an expression in which no metric is named."""
NAME = re.compile(r"\b[a-zA-Z_:][a-zA-Z0-9_:]*\b(?!\s*\()")
WORDS = {"or", "unless", "bool"}


def program(name: str, package: str) -> str:
    try:
        return find_program(name, package)
    except MissingProgramError as missing:
        skip_or_fail(missing)


def run(*command: object) -> None:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def panels(dashboard: Path) -> list[dict]:
    return json.loads(dashboard.read_text())["panels"]


def queries() -> list[str]:
    """Every expression of the dashboards."""
    return [
        one["expr"] for file in DASHBOARDS for panel in panels(file) for one in panel["targets"]
    ]


def rules() -> list[str]:
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def named(expression: str) -> set[str]:
    """The metrics of an expression."""
    found = NAME.findall(OTHER.sub(" ", expression))
    return {one for one in found if one not in WORDS}


def declared() -> set[str]:
    """What plugins say that they give, and what every run gives."""
    plugins = [one.load() for one in entry_points(group="orbital.plugins")]
    metrics = [metric for plugin in plugins for metric in plugin.declared_metrics()]
    for profile in PROFILES:
        metrics += Catalogue(SnmpConfig(), shipped()[profile]).metrics()
    return {metric.name for metric in (*metrics, *OF_RUNS)}


def exposed(page: str) -> set[str]:
    """The metrics of a page, also those without a sample now; a histogram as its series."""
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)", page, re.MULTILINE))
    buckets = {f"{name}_bucket" for name, kind in types.items() if kind == "histogram"}
    return {*types, *buckets}


def test_every_metric_that_is_named_exists(sentinel):
    """A dashboard without data helps nobody, and an alert on a name that nobody gives never fires."""
    sentinel.configure(
        sender={"direct": {"file": {"path": "samples.jsonl"}}},
        tasks=[{"id": "here", "plugin": "ping", "config": {"host": "127.0.0.1"}}],
    )
    sentinel.start()
    known = exposed(sentinel.get("/metrics")[1]) | declared()
    asked = {name for text in (*queries(), *rules()) for name in named(text)}
    assert len(asked) > 50
    assert asked <= known, f"nobody gives {sorted(asked - known)}"


def test_the_reader_of_expressions_finds_names():
    """What the test above relies on."""
    text = 'sum by (a, b) (rate(x_total{c=~"$v", d!=""}[$__rate_interval])) / on (e) f or vector(0)'
    assert named(text) == {"x_total", "f"}


def test_alerts_fire_when_they_should():
    """By the unit tests of rules that stand beside them; vmalert reads them, too."""
    promtool = program("promtool", "prometheus")
    run(promtool, "check", "rules", ALERTS)
    run(promtool, "test", "rules", ALERTS.with_name("alerts_test.yaml"))
    run(program("vmalert", "victoria-metrics"), "-dryRun", f"-rule={ALERTS}")


def test_every_alert_has_a_test():
    """A rule that no unit test makes fire may never do."""
    fired = {
        one["alertname"]
        for test in yaml.safe_load(ALERTS.with_name("alerts_test.yaml").read_text())["tests"]
        for one in test["alert_rule_test"]
        if one["exp_alerts"]
    }
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    assert fired == {rule["alert"] for group in groups for rule in group["rules"]}


def test_queries_of_dashboards_are_valid(tmp_path):
    """Prometheus parses each of them, with values in place of Grafana's variables."""
    plain = [re.sub(r"\$__\w+", "5m", text).replace("$", "") for text in queries()]
    recorded = [{"record": f"query:{number}", "expr": text} for number, text in enumerate(plain)]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": recorded}]}))
    run(program("promtool", "prometheus"), "check", "rules", "--lint=none", file)


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_dashboards_have_the_form_that_grafana_imports(file):
    """Panels with ids of their own in 24 columns without overlap, and a data source that the user chooses."""
    dashboard = json.loads(file.read_text())
    assert dashboard["uid"]
    assert dashboard["title"]
    assert dashboard["schemaVersion"] >= 36
    first, *others = dashboard["templating"]["list"]
    assert (first["name"], first["type"]) == ("datasource", "datasource")
    assert all(one["datasource"]["uid"] == "${datasource}" for one in (*others, *panels(file)))
    assert len({panel["id"] for panel in panels(file)}) == len(panels(file))
    taken: set[tuple[int, int]] = set()
    for panel in panels(file):
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
