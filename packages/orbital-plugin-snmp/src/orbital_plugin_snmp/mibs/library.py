"""MIB modules out of files, by pysmi, as plain objects."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from orbital_plugin_snmp.mibs.compiling import Document, compile_module
from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FOLDERS: Final = ("~/.snmp/mibs", "/usr/share/snmp/mibs", "/usr/local/share/snmp/mibs",
                  "/var/lib/mibs/ietf", "/var/lib/mibs/iana", "/var/lib/snmp/mibs/ietf",
                  "/var/lib/snmp/mibs/iana", "/usr/share/mibs/ietf", "/usr/share/mibs/iana")  # fmt: skip
"""Where net-snmp, Debian and libsmi keep MIB files; MIBDIRS names others."""


@dataclass(frozen=True, slots=True)
class MibObject:
    """One node of a MIB."""

    module: str
    name: str
    oid: str
    kind: str
    """`scalar`, `table`, `row`, `column`, or something else that has no value."""
    syntax: str = ""
    """Base type: `Counter32`, `OctetString`, `INTEGER`, ..."""
    convention: str = ""
    """The textual convention it is written with, if any."""
    enum: dict[int, str] = field(default_factory=dict[int, str])
    hint: str = ""
    units: str = ""
    description: str = ""
    readable: bool = True
    size: int | None = None
    """Octets, where it is fixed."""
    index: tuple[tuple[str, bool], ...] = ()
    """Of a row: names of its index, and whether each is implied."""
    augments: str = ""
    """Of a row: the row whose index it shares."""


class Library:
    """MIB modules that were read, and those that they import.

    Args:
        folders: Where MIB files are, searched before `FOLDERS`.
    """

    def __init__(self, folders: Sequence[str] = ()) -> None:
        given = [part for part in os.environ.get("MIBDIRS", "").split(":") if part]
        places = [Path(one).expanduser() for one in (*folders, *given, *FOLDERS)]
        for one in folders:
            if not Path(one).expanduser().is_dir():
                raise ConfigurationError(f"{one} is not a folder; --mibs names one with MIB files")
        self.folders = [place for place in dict.fromkeys(places) if place.is_dir()]
        self._documents: dict[str, Document] = {}

    def load(self, module: str) -> None:
        """Read a module and all that it imports.

        Raises:
            ConfigurationError: It is in no folder, or is not a MIB, or imports one that is in no folder.
        """
        if module in self._documents:
            return
        found, problems = compile_module(module, self.folders)
        self._documents |= found
        if module not in self._documents:
            searched = ", ".join(map(str, self.folders)) or "no folder"
            why = "; ".join(problems) or "it cannot be read"
            raise ConfigurationError(
                f"{module}: {why}. Searched: {searched}. Put what is missing into a folder, and name it"
                " with --mibs",
            )

    def objects(self) -> Iterator[MibObject]:
        """Every object of every module that was read."""
        for module, document in self._documents.items():
            for name in document:
                found = self.find(module, name)
                if found is not None:
                    yield found

    def find(self, module: str, name: str) -> MibObject | None:
        """An object of a module."""
        node = _node(self._documents.get(module), name)
        return self._object(module, name, node) if "oid" in node else None

    def anywhere(self, name: str, first: str) -> MibObject | None:
        """An object by its name alone: of this module, or of another."""
        modules = dict.fromkeys([first, *self._documents])
        found = (self.find(module, name) for module in modules)
        return next((one for one in found if one is not None), None)

    def _object(self, module: str, name: str, node: dict[str, Any]) -> MibObject:
        syntax = self._resolve(module, node.get("syntax", {}))
        indices: list[dict[str, Any]] = node.get("indices", [])
        augments: dict[str, str] = node.get("augmention", {})
        return MibObject(
            module=module,
            name=name,
            oid=node["oid"],
            kind=node.get("nodetype", ""),
            units=node.get("units", ""),
            description=" ".join(str(node.get("description", "")).split()),
            readable=node.get("maxaccess", "") in ("read-only", "read-write", "read-create"),
            index=tuple((one["object"], bool(one["implied"])) for one in indices),
            augments=augments.get("object", ""),
            **syntax,
        )

    def _resolve(self, module: str, syntax: dict[str, Any]) -> dict[str, Any]:
        """Base type, names and hint of a syntax, through its textual conventions."""
        found: dict[str, Any] = {"syntax": syntax.get("type", ""), "convention": ""}
        for _ in range(8):  # conventions of conventions end somewhere
            _constrain(found, syntax)
            convention = self._convention(module, found["syntax"])
            if convention is None:
                break
            found["convention"] = found["convention"] or found["syntax"]
            if convention.get("displayhint"):
                found.setdefault("hint", convention["displayhint"])
            syntax = convention.get("type", {})
            found["syntax"] = syntax.get("type", "")
        return found

    def _convention(self, module: str, name: str) -> dict[str, Any] | None:
        for document in (self._documents.get(module), *self._documents.values()):
            node = _node(document, name)
            if node.get("class") in ("textualconvention", "type") and "type" in node:
                return node
        return None


def _node(document: Document | None, name: str) -> dict[str, Any]:
    node = (document or {}).get(name)
    return cast("dict[str, Any]", node) if isinstance(node, dict) else {}


def _constrain(found: dict[str, Any], syntax: dict[str, Any]) -> None:
    limits: dict[str, Any] = syntax.get("constraints", {})
    names: dict[str, int] = limits.get("enumeration") or syntax.get("bits") or {}
    if names:
        found.setdefault("enum", dict(sorted((int(n), name) for name, n in names.items())))
    sizes: list[dict[str, int]] = limits.get("size", [])
    if len(sizes) == 1 and sizes[0]["min"] == sizes[0]["max"]:
        found.setdefault("size", int(sizes[0]["min"]))
