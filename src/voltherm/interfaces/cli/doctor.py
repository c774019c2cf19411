"""``voltherm doctor``: looks at everything that the service needs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voltherm.adapters.documents.problem import Problem
    from voltherm.interfaces.doctor.finding import Finding

PROBLEM = 2
"""Exit code when something is wrong with which the service cannot do its work; warnings are 0."""


def doctor(
    env_file: Annotated[Path, typer.Option(help="File of settings; the environment has the word over it.")] = Path(
        ".env"
    ),
) -> None:
    """Check settings, tariff, sites, forecasts, battery, meter, clocks, database, logs and port; command nothing."""
    import asyncio

    from voltherm.interfaces.api.redaction import redact_values
    from voltherm.interfaces.doctor.configuration import CONFIGURATION
    from voltherm.interfaces.doctor.examination import examine
    from voltherm.interfaces.doctor.finding import fail
    from voltherm.settings import SettingsError, load_settings

    try:
        settings = load_settings(env_file=env_file)
    except SettingsError as error:
        tell(fail(CONFIGURATION, said_of(each), each.remedy) for each in error.problems)
        return
    redact_values(settings.secret_values)
    tell(asyncio.run(examine(settings)))


def said_of(problem: Problem) -> str:
    """Return what is wrong with a setting, without the remedy."""
    return str(replace(problem, remedy="")).removesuffix("; ")


def tell(findings: Iterable[Finding]) -> None:
    """Print what was found, without secrets, and how many of it is wrong; exit with 2 when something is."""
    from collections import Counter

    from voltherm.interfaces.api.redaction import redacted_text
    from voltherm.interfaces.doctor.finding import Verdict

    counts: Counter[Verdict] = Counter()
    for finding in findings:
        counts[finding.verdict] += 1
        typer.echo(redacted_text(str(finding)))
    typer.echo(f"{counts[Verdict.OK]} ok, {counts[Verdict.WARN]} to look at, {counts[Verdict.FAIL]} wrong")
    if counts[Verdict.FAIL]:
        raise typer.Exit(PROBLEM)
