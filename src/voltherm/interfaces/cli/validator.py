"""``voltherm validator``: a simulated battery with meter and bill."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from voltherm.application.virtual_profile import VirtualProfile
    from voltherm.domain.site import Site

CLOCK_FILE = "VOLTHERM_CLOCK_FILE"


def validator(  # noqa: PLR0913, PLR0917 - options of a program
    site: Annotated[
        Path | None, typer.Option(metavar="FILE.yaml", help="Site; by default the one of BATTERY_*, SITE_* and TARIFF.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Load and PV; by default the demo's, by whole weeks.")
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; the default answers this machine only.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8002,
    soc: Annotated[float, typer.Option(min=0, max=1, help="State of charge at the begin, 0 to 1.")] = 0.5,
    days: Annotated[
        int, typer.Option(min=0, max=400, help="Days before now that are metered already, with batteries at rest.")
    ] = 0,
    state: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep state and intervals here over restarts.")
    ] = None,
    faults: Annotated[bool, typer.Option("--faults", help="Let POST /api/faults make it fail.")] = False,
) -> None:
    """Serve a simulated battery that follows commands, with its meter and its bill."""
    from datetime import timedelta

    from voltherm.interfaces.validator.app import create_validator, live_site
    from voltherm.interfaces.validator.server import run
    from voltherm.interfaces.validator.state_file import StateFile

    described = _site(site)
    profile = _profile(described, data)
    kept = None if state is None else StateFile(state)
    live = live_site(described, profile, _clock(), soc=soc, metered_before=timedelta(days=days), state=kept)
    typer.echo(f"The validator is at http://{host}:{port}", err=True)
    run(create_validator(live, has_faults=faults), host, port)


def _site(file: Path | None) -> Site:
    """The site of the file; without one, that which the service's variables describe."""
    from voltherm.adapters.documents.site import load_site
    from voltherm.domain.errors import InvalidInputError

    if file is not None:
        return load_site(file)
    from voltherm.bootstrap import configured_site
    from voltherm.settings import load_settings

    settings = load_settings()
    if settings.sites_file is not None:
        raise InvalidInputError("SITES_FILE: may hold several sites; give the one to simulate with --site")
    return configured_site(settings)


def _profile(site: Site, data: Path | None) -> VirtualProfile:
    from voltherm.adapters.documents.series_csv import read_measurements
    from voltherm.application.virtual_profile import VirtualProfile
    from voltherm.domain.time import zone_named
    from voltherm.interfaces import demo_data

    if data is None:
        if site.tariff.series_names:
            needed = ", ".join(sorted(site.tariff.series_names))
            told = (
                f"tariff {site.tariff.id} needs prices {needed}, which the packaged recording has not: there is no bill"
            )
            typer.echo(f"{told}; give a file that has them with --data", err=True)
        zone = zone_named(demo_data.RECORDED_ZONE)
        recorded = read_measurements(Path(demo_data.__file__).parent / "ucsd_music_2018_june_july.csv", zone)
        return VirtualProfile(recorded.measurements, zone, site, label=demo_data.LABEL, is_joined=False)
    read = read_measurements(data, site.zone)
    for finding in read.findings:
        typer.echo(f"{data.name}:{finding.row}: {finding.column}: {finding.problem}; {finding.remedy}", err=True)
    return VirtualProfile(read.measurements, site.zone, site)


def _clock() -> Callable[[], datetime]:
    """The machine's clock, or the simulated time of the file that the environment names."""
    import os

    from voltherm.adapters.clock import FollowingClock, SystemClock

    file = os.environ.get(CLOCK_FILE)
    return FollowingClock(Path(file)).now if file else SystemClock().now
