"""`sentinel snmp translate` and `sentinel snmp profile`: MIB files, read by hand and not by the agent."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 (typer reads it at run time)
from typing import TYPE_CHECKING, Annotated

import typer

from orbital_plugin_snmp.commands.options import Json, Output, print_json
from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from orbital_plugin_snmp.mibs.library import Library, MibObject

Folders = Annotated[
    list[str] | None,
    typer.Option(
        "--mibs", help="Folder with MIB files; may be repeated. MIBDIRS is searched as well."
    ),
]
Modules = Annotated[
    list[str] | None, typer.Option("--mib", help="Module to read; may be repeated.")
]


def translate(
    asked: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME|OID", help="ifInOctets, IF-MIB::ifInOctets.3, 1.3.6.1.2.1.1.3.0"
        ),
    ],
    mib: Modules = None,
    mibs: Folders = None,
    *,
    output: Output = "text",
    as_json: Json = False,
) -> None:
    """Translate a name into an OID, or an OID into a name.

    Objects of the shipped profiles are known without any MIB file.
    """
    from orbital_plugin_snmp.mibs.translating import translate as look  # noqa: PLC0415 (only now)

    library = _library(mib, mibs)
    found = (look(one, library) for one in asked)
    if as_json or output == "json":
        print_json([{"name": one.name, "oid": one.oid} for one in found])
        return
    for one in found:  # those before one that nobody knows are told
        typer.echo(f"{one.name} = {one.oid}")
        if one.about is not None:
            typer.echo(_about(one.about), nl=False)


def profile(
    asked: Annotated[
        str,
        typer.Argument(metavar="OBJECT", help="MODULE::table, MODULE::group or MODULE::object."),
    ],
    mibs: Folders = None,
    *,
    write: Annotated[
        Path | None, typer.Option(help="File to write; default: standard output.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", hidden=True, help="Old name of --write.")
    ] = None,
) -> None:
    """Generate a profile from a MIB's table, to be edited.

    The file belongs into the folder that `profile_folder` names, or into the task itself.
    """
    from orbital_plugin_snmp.mibs.building import profile_text  # noqa: PLC0415 (only now)
    from orbital_plugin_snmp.mibs.translating import translate as look  # noqa: PLC0415 (as above)

    if "::" not in asked:
        raise ConfigurationError(f"{asked!r} has no module; write it like IF-MIB::ifTable")
    library = _library(None, mibs)
    about = look(asked, library).about
    if about is None:
        raise ConfigurationError(f"{asked} is in no MIB that was read")
    text = profile_text(library, about)
    if path := write or output:
        _write(path, text)
    else:
        typer.echo(text, nl=False)


def _write(path: Path, text: str) -> None:
    """Write a new file: an old one may have been edited by hand."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error


def _library(modules: list[str] | None, folders: list[str] | None) -> Library:
    from orbital_plugin_snmp.mibs.library import Library  # noqa: PLC0415 (only now)

    library = Library(folders or ())
    for module in modules or ():
        library.load(module)
    return library


def _about(one: MibObject) -> str:
    lines = [f"  {one.kind}, {one.convention or one.syntax}" if one.syntax else f"  {one.kind}"]
    if one.units:
        lines.append(f"  in {one.units}")
    if one.enum:
        lines.append("  " + ", ".join(f"{number} {name}" for number, name in one.enum.items()))
    if one.description:
        lines.append(f"  {one.description}")
    return "\n".join(lines) + "\n"
