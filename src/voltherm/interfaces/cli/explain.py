"""``voltherm explain``: a plan answer as a table and plain sentences."""

from __future__ import annotations

from typing import Annotated

import typer


def explain(
    plan: Annotated[
        str, typer.Argument(metavar="PLAN.json", help="Answer of `voltherm plan`; - reads standard input.")
    ],
) -> None:
    """Tell in words what a plan does and why."""
    from voltherm.adapters.documents.plan_answer import LARGEST_ANSWER, read_answer
    from voltherm.interfaces.cli.files import read_bytes
    from voltherm.interfaces.explanation import explanation

    typer.echo(explanation(read_answer(read_bytes(plan, LARGEST_ANSWER))))
