"""``voltherm backtest``: recorded data replayed under one policy or all of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

DAYS = ["%Y-%m-%d"]


def backtest(  # noqa: PLR0913 - each is an option of the command line
    *,
    site: Annotated[Path, typer.Option(metavar="FILE", help="Site as YAML.")],
    data: Annotated[Path, typer.Option(metavar="FILE.csv", help="Measurements: load_kw, pv_kw, price columns.")],
    from_: Annotated[datetime, typer.Option("--from", metavar="DAY", formats=DAYS, help="First local day.")],
    to: Annotated[datetime, typer.Option("--to", metavar="DAY", formats=DAYS, help="Local day after the last one.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for result.json and report.html.")],
    policy: Annotated[
        Literal["none", "timer", "mpc", "perfect"], typer.Option(help="Who decides; none runs beside it.")
    ] = "mpc",
    compare: Annotated[bool, typer.Option("--compare", help="Run all four policies.")] = False,
    start_soc: Annotated[float, typer.Option(min=0.0, max=1.0, help="SOC at the start, 0 to 1.")] = 0.5,
    max_gap: Annotated[int, typer.Option(min=0, max=1440, help="Longest gap to bridge in the data, in minutes.")] = 60,
) -> None:
    """Replay measured data under a policy and tell what it would have cost."""
    from datetime import timedelta

    from voltherm.application.backtest import BacktestRequest, run_backtest
    from voltherm.application.policies import PolicyName
    from voltherm.interfaces.report.inputs import read_files
    from voltherm.interfaces.report.progress import progress
    from voltherm.interfaces.report.text import backtest_text
    from voltherm.interfaces.report.write import write_results

    files = read_files(site, data, from_.date(), to.date())
    for finding in files.origin.findings:
        typer.echo(f"{data.name}: {finding}", err=True)
    told = PolicyName(policy)
    request = BacktestRequest(
        site=files.site,
        measurements=files.measurements,
        interval=files.interval,
        policies=tuple(PolicyName) if compare else tuple(dict.fromkeys((PolicyName.NONE, told))),
        start_soc=start_soc,
        max_gap=timedelta(minutes=max_gap),
    )
    with progress() as report:
        result = run_backtest(request, report)
    written = write_results(result, files.origin, out, told)
    typer.echo(backtest_text(result))
    for file in written:
        typer.echo(str(file), err=True)
