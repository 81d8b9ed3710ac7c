"""The workflows on GitHub, as far as it can be known without GitHub."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import yaml

from orbital_dev.workspace import find_root, members

ROOT = find_root(Path(__file__).parent)
JOBS = {
    f"{path.stem}-{name}": job
    for path in (ROOT / ".github" / "workflows").glob("*.yml")
    for name, job in yaml.safe_load(path.read_text())["jobs"].items()
}
STEPS = [step for job in JOBS.values() for step in job["steps"]]


@pytest.mark.parametrize("action", sorted({step["uses"] for step in STEPS if "uses" in step}))
def test_actions_are_named_by_commit(action):
    """A tag can be moved by whoever owns it, or has its owner's password."""
    assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)


@pytest.mark.parametrize("job", JOBS)
def test_no_job_hangs(job):
    """GitHub's own end comes after six hours."""
    assert JOBS[job]["timeout-minutes"] <= 90


def test_jobs_run_scripts_that_are_there():
    """So that each can be run on a developer's machine too."""
    scripts = re.findall(r"\.ci/\w+", "\n".join(step.get("run", "") for step in STEPS))
    assert set(scripts) == {".ci/run", ".ci/package", ".ci/lowest", ".ci/wheel"}
    assert all(os.access(ROOT / script, os.X_OK) for script in scripts)


@pytest.mark.parametrize("member", members(ROOT), ids=lambda member: member.name)
def test_each_package_can_be_tested_alone(member):
    """What pytest's settings here ask for stands in the test group of each package."""
    group = member.document["dependency-groups"]["test"]
    named = {re.split(r"[^\w-]", one)[0] for one in group}
    assert named >= {"pytest", "pytest-asyncio", "pytest-timeout"}
