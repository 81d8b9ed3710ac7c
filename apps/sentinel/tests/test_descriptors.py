"""The limit of open files."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import resource, sys
from orbital_sentinel.process import descriptors
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
print(descriptors.allow())
"""


@pytest.mark.parametrize(("soft", "hard"), [(256, 4096), (4096, 4096)])
def test_the_soft_limit_becomes_the_hard_one(soft: int, hard: int):
    """What a shell gives is for other programs; what an administrator gives is ours, and no more."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(soft), str(hard)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) == hard
