"""``voltherm tariffs``: the tariffs that ship with Voltherm, and a check of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

LARGEST_FILE = 1_000_000

tariffs = typer.Typer(help="List, show and check tariffs.", rich_markup_mode=None, invoke_without_command=True)


@tariffs.callback()
def list_tariffs(context: typer.Context) -> None:
    """List, show and check tariffs; without a command, list those that ship with Voltherm."""
    if context.invoked_subcommand is not None:
        return
    from voltherm.adapters.documents.tariff import library_names, read_library

    for name in library_names():
        tariff = read_library(name)
        series = ", ".join(sorted(tariff.series_names))
        needs = f"  needs prices {series}" if series else ""
        typer.echo(f"{name:<24} {tariff.currency}  {tariff.zone.key:<20}{needs}".rstrip())


@tariffs.command()
def show(tariff_id: Annotated[str, typer.Argument(metavar="ID", help="A name that `voltherm tariffs` lists.")]) -> None:
    """Print a tariff of the library as YAML."""
    import yaml

    from voltherm.adapters.documents.tariff import read_library, tariff_to_document

    document = tariff_to_document(read_library(tariff_id))
    typer.echo(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100), nl=False)


@tariffs.command()
def check(file: Annotated[Path, typer.Argument(metavar="FILE", help="Tariff as YAML or JSON.")]) -> None:
    """Check a tariff file: every problem at once, with line and remedy."""
    from voltherm.adapters.documents.tariff import read_tariff
    from voltherm.interfaces.cli.files import read_text

    tariff = read_tariff(read_text(file, LARGEST_FILE), file.name)
    typer.echo(
        f"{file}: tariff {tariff.id}, version {tariff.version}, {len(tariff.components)} components: no problems"
    )
