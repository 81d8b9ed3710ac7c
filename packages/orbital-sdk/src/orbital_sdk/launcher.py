"""Limits itself, and becomes another program. Run by its path, so that it imports nothing of ours.

`python -I -S launcher.py '{"parent": 17, "user": "nobody", "memory": 536870912, ...}' PROGRAM ARGUMENT...`
"""

import ctypes
import json
import os
import pwd
import resource
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
RLIMITS = {
    "memory": resource.RLIMIT_DATA,
    "cpu": resource.RLIMIT_CPU,
    "files": resource.RLIMIT_NOFILE,
    "tasks": resource.RLIMIT_NPROC,
}


def become(name: str) -> None:
    """This user, with its groups, for good."""
    user = pwd.getpwnam(name)
    if user.pw_uid == os.getuid():
        return
    os.initgroups(name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.environ.update(HOME=user.pw_dir, USER=name, LOGNAME=name)


def limited(limits: dict[str, int]) -> None:
    """Never more than this process has already."""
    for name, kind in RLIMITS.items():
        wanted = limits.get(name, 0)
        if name == "tasks" and wanted:
            wanted += running()
        hard = resource.getrlimit(kind)[1]
        if wanted:
            most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(kind, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump has secrets in it


def running() -> int:
    """Threads of this user: the system counts them all against the limit of processes."""
    count = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        except (OSError, ValueError):  # it has ended
            continue
        if int(fields["Uid"].split()[0]) == os.getuid():
            count += int(fields["Threads"])
    return count


def main() -> None:
    """Does not return."""
    limits = json.loads(sys.argv[1])
    if limits.get("user"):
        become(limits["user"])
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # a change of the user clears it
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # what it starts stays below it
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != limits["parent"]:
        sys.exit("the agent ended before the program began")
    limited(limits)
    try:
        os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 (what the agent was told to run)
    except OSError as error:
        sys.exit(f"{sys.argv[2]}: {error.strerror}")


if __name__ == "__main__":
    main()
