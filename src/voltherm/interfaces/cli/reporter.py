"""``voltherm reporter``: forecasts of a site's load and sun over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def reporter(  # noqa: PLR0913, PLR0917 - options of a program
    site: Annotated[Path | None, typer.Option(metavar="FILE.yaml", help="Site; by default of the settings.")] = None,
    data: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Load and PV to begin with.")] = None,
    meter: Annotated[
        str | None,
        typer.Option(metavar="URL", envvar="METER_BASE_URL", help="Meter to follow, such as http://localhost:8002."),
    ] = None,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="Keep readings here, such as sqlite:///reporter.db.")
    ] = None,
    point: Annotated[
        str, typer.Option(envvar="REPORTER_POINT", help="Another name of the whole site in /api/forecasts/load/NAME.")
    ] = "poi_1",
    host: Annotated[
        str, typer.Option(help="Address to listen on; the default answers this machine only.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
) -> None:
    """Serve forecasts made from a meter's readings; without data, meter and database, those of a recording.

    REPORTER_TOKEN is the token to ask for, METER_TOKEN the one that the meter asks for.
    """
    from voltherm.interfaces.api.server import run
    from voltherm.interfaces.reporter.build import Sources, build_reporter

    sources = Sources(site_file=site, data_file=data, meter_url=meter, database_url=database, point=point)
    app = build_reporter(sources)
    typer.echo(f"The reporter is at http://{host}:{port}", err=True)
    run(host, port, app)
