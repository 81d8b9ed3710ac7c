"""Plugins in any language: programs that speak gRPC, by `plugin.proto` in this package.

Import from the modules: `loader` makes plugin classes of programs, `connection` speaks with one.
"""

import os

# read when gRPC is imported: what it prints is not for people, and programs are started by exec
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
