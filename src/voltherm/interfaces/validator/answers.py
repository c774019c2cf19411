"""Responses of the validator, and what its OpenAPI document says of them."""

from __future__ import annotations

from typing import Annotated, Any  # an OpenAPI document is whatever JSON is

from fastapi import Query, Response
from pydantic import BaseModel, WithJsonSchema

from voltherm.adapters.documents.fields import Instant
from voltherm.interfaces.api.problems import MEDIA_TYPE

SinceQuery = Annotated[Instant | None, Query()]
DeviceQuery = Annotated[str | None, Query(max_length=100), WithJsonSchema({"type": "string", "maxLength": 100})]

_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}


def answered(document: BaseModel, status: int = 200) -> Response:
    """Return a document as a response that is not to be kept."""
    headers = {"Cache-Control": "no-store"}
    content = document.model_dump_json()
    return Response(content, status_code=int(status), media_type="application/json", headers=headers)


def documented(model: type[BaseModel], what: str, **problems: str) -> dict[int | str, dict[str, Any]]:
    """Return the responses of an operation: 200, the problems named ``p404="..."``, and an error of ours."""
    answers: dict[int | str, dict[str, Any]] = {200: {"model": model, "description": what}}
    told = {name.removeprefix("p"): why for name, why in problems.items()}
    for status, why in {**told, "500": "An error of ours; the log says more"}.items():
        answers[status] = {"description": why, "content": _PROBLEM}
    return answers
