"""The border to pysmi: a MIB module and what it imports, as JSON documents."""

from __future__ import annotations

import json
from functools import cache
from importlib import import_module
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Document = dict[str, Any]
"""Name of a node -> the node, as pysmi's JSON has it."""


def compile_module(module: str, folders: Iterable[Path]) -> tuple[dict[str, Document], list[str]]:
    """Read a module, and all that it imports.

    Args:
        module: Its name.
        folders: Where MIB files are. What every MIB imports (SNMPv2-SMI and its like) is here as well.

    Returns:
        Documents by module, those that could be read, and what is wrong with the others.
    """
    found: dict[str, Document] = {}

    def keep(name: str, text: str, _context: object) -> None:
        found[name] = json.loads(text)

    reader = _part("reader.localfile", "FileReader")
    compiler = _part("compiler", "MibCompiler")(
        _parser(),
        _part("codegen.jsondoc", "JsonCodeGen")(),
        _part("writer.callback", "CallbackWriter")(keep),
    )
    with as_file(files("orbital_plugin_snmp.mibs") / "base") as base:
        compiler.add_sources(*(reader(str(folder)) for folder in (*folders, base)))
        statuses: dict[str, Any] = compiler.compile(
            module, genTexts=True, rebuild=True, ignoreErrors=True
        )
    return found, [_problem(name, status) for name, status in statuses.items() if _is_bad(status)]


@cache
def _parser() -> Any:
    """One for all modules: most of the time goes into its grammar."""
    return _part("parser.smi", "parserFactory")(**_part("parser.dialect", "smi_v1_relaxed"))()


def _part(module: str, name: str) -> Any:
    """A part of pysmi, which has no types, and needs a moment to load."""
    return getattr(import_module(f"pysmi.{module}"), name)


def _is_bad(status: Any) -> bool:
    return str(status) in ("missing", "failed")


def _problem(name: str, status: Any) -> str:
    why = getattr(status, "error", None)
    return f"{name} is {status}" + (f" ({why})" if why else "")
