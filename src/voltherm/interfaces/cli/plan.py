"""``voltherm plan``: a plan request in, a plan answer out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def plan(
    request: Annotated[str, typer.Argument(metavar="REQUEST.json", help="Plan request; - reads standard input.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the answer to this file.")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print a table and plain sentences instead of JSON.")
    ] = False,
) -> None:
    """Plan a site from a request; prints JSON."""
    from voltherm.adapters.documents.plan_request import LARGEST_REQUEST, read_request
    from voltherm.application.plan_site import plan_site
    from voltherm.interfaces.answer import answer_document
    from voltherm.interfaces.cli.files import read_bytes, write_text
    from voltherm.interfaces.explanation import explanation

    asked = read_request(read_bytes(request, LARGEST_REQUEST))
    answer = answer_document(plan_site(asked.site, asked.inputs), asked.site)
    text = answer.model_dump_json(indent=1)
    if out is not None:
        write_text(out, text + "\n")
    if explain:
        typer.echo(explanation(answer))
    elif out is None:
        typer.echo(text)
