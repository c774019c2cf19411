"""The program ``voltherm``: its commands, and what becomes of errors."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, NoReturn

import typer

from voltherm.domain.errors import VolthermError
from voltherm.interfaces.cli.bill import bill
from voltherm.interfaces.cli.explain import explain
from voltherm.interfaces.cli.plan import plan
from voltherm.interfaces.cli.serve import serve
from voltherm.interfaces.cli.tariffs import tariffs

BAD_INPUT = 2
"""Exit code for anything that the user can put right."""

LATER = ("backtest", "demo", "reporter", "validator", "doctor", "probe")
"""Commands in a file of their own that is imported when it is there."""

app = typer.Typer(
    name="voltherm",
    help="Plans batteries and PV behind one meter against the tariff that the site really pays.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # rich would double the time that --help takes
    pretty_exceptions_enable=False,
)
app.command()(plan)
app.command()(explain)
app.command()(bill)
app.add_typer(tariffs, name="tariffs")
app.command()(serve)
for _name in LATER:
    if find_spec(f"voltherm.interfaces.cli.{_name}"):
        app.command(_name)(getattr(import_module(f"voltherm.interfaces.cli.{_name}"), _name))


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"voltherm {version('voltherm')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Take the options that stand before any command."""


def main() -> NoReturn:
    """Run the program: exit code 0 when done, 2 for bad input, 1 for an error of our own."""
    try:
        app()
    except VolthermError as error:
        for line in str(error).splitlines():
            typer.echo(f"error: {line}", err=True)
        raise SystemExit(BAD_INPUT) from None
    raise SystemExit(0)
