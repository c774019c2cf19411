"""``voltherm bill``: what the meter's readings cost, line by line and period by period."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def bill(
    site: Annotated[Path, typer.Argument(metavar="SITE", help="Site as YAML.")],
    data: Annotated[Path, typer.Argument(metavar="DATA", help="CSV of measurements: grid_kw, or load_kw and pv_kw.")],
    from_: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="First local day, such as 2018-07-01.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="DAY", help="Local day after the last one.")] = None,
) -> None:
    """Print the bill of measured data, line by line."""
    from voltherm.adapters.documents.series_csv import read_measurements
    from voltherm.adapters.documents.site import load_site
    from voltherm.interfaces.bill_text import bill_text
    from voltherm.interfaces.metered import cut, metered_usage, require_currency

    described = load_site(site)
    read = read_measurements(data, described.zone)
    for finding in read.findings:
        typer.echo(f"{data.name}:{finding.row}: {finding.column}: {finding.problem}; {finding.remedy}", err=True)
    require_currency(described, read.currency)
    metered = metered_usage(described, cut(read.measurements, described.zone, first=from_, after=to))
    for one in described.tariff.bill(metered.usage):
        typer.echo(bill_text(one, described, metered))
