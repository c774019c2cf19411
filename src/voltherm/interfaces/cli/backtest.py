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
    data: Annotated[
        Path, typer.Option(metavar="FILE.csv", help="Measurements: load_kw, pv_kw, price and weather columns.")
    ],
    from_: Annotated[datetime, typer.Option("--from", metavar="DAY", formats=DAYS, help="First local day.")],
    to: Annotated[datetime, typer.Option("--to", metavar="DAY", formats=DAYS, help="Local day after the last one.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for result.json and report.html.")],
    policy: Annotated[
        Literal["none", "timer", "thermostat", "thermostat-low", "greedy", "mpc", "perfect"],
        typer.Option(help="Who decides; the baseline runs beside it: none, or thermostat where there is a heat pump."),
    ] = "mpc",
    compare: Annotated[bool, typer.Option("--compare", help="Run all policies that fit the site.")] = False,
    start_soc: Annotated[float, typer.Option(min=0.0, max=1.0, help="SOC at the start, 0 to 1.")] = 0.5,
    max_gap: Annotated[int, typer.Option(min=0, max=1440, help="Longest gap to bridge in the data, in minutes.")] = 60,
    step: Annotated[int, typer.Option(min=1, max=60, help="Length of a step, in minutes.")] = 15,
    price: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the tariff's price series.")] = None,
    outdoor: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column of the outdoor temperature, if not t_out_c.")
    ] = None,
    irradiance: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column of the sun, if not irradiance_w_m2.")
    ] = None,
    set_point: Annotated[
        float | None, typer.Option(metavar="DEGC", help="What thermostats hold, if not each heat pump's own.")
    ] = None,
) -> None:
    """Replay measured data under a policy and tell what it would have cost."""
    from datetime import timedelta

    from voltherm.application.backtest import BacktestRequest, run_backtest
    from voltherm.application.control_step import ControlOptions
    from voltherm.application.policies import PolicyName
    from voltherm.interfaces.report.inputs import ColumnChoice, chosen_policies, read_files
    from voltherm.interfaces.report.progress import progress
    from voltherm.interfaces.report.text import backtest_text
    from voltherm.interfaces.report.write import write_results

    columns = ColumnChoice(price=price, outdoor=outdoor, irradiance=irradiance)
    files = read_files(site, data, from_.date(), to.date(), columns)
    for finding in files.origin.findings:
        typer.echo(f"{data.name}: {finding}", err=True)
    told = PolicyName(policy)
    request = BacktestRequest(
        site=files.site,
        measurements=files.measurements,
        interval=files.interval,
        policies=chosen_policies(files.site, told, compare=compare),
        start_soc=start_soc,
        max_gap=timedelta(minutes=max_gap),
        options=ControlOptions(step=timedelta(minutes=step)),
        set_point_c=set_point,
    )
    with progress() as report:
        result = run_backtest(request, report)
    written = write_results(result, files.origin, out, told if told in result.policies else result.baseline)
    typer.echo(backtest_text(result))
    for file in written:
        typer.echo(str(file), err=True)
