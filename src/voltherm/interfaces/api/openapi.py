"""What OpenAPI says of each operation, and the schemas of the documents it speaks of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any  # an OpenAPI document is whatever JSON is

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from voltherm.interfaces.api.examples import PLAN_REQUESTS

_REF = "#/components/schemas/{model}"
_OF_FRAMEWORK = ("HTTPValidationError", "ValidationError")
_PROBLEM = {"application/problem+json": {"schema": {"$ref": _REF.format(model="ProblemDocument")}}}


def _problem(description: str) -> dict[str, object]:
    return {"description": description, "content": _PROBLEM}


def _answer(model: str, description: str) -> dict[str, object]:
    content = {"application/json": {"schema": {"$ref": _REF.format(model=model)}}}
    return {"description": description, "content": content}


def answers(model: str, description: str, problems: Mapping[str, str], status: str = "200") -> dict[str, Any]:
    """Return what OpenAPI says of an operation that answers ``model``, or one of the problems by their status."""
    told = {status: _problem(words) for status, words in problems.items()}
    invalid = {"422": _problem("The request's parameters are not as documented")}
    return {"responses": {status: _answer(model, description), **invalid, **told, **_INTERNAL}}


def answers_list(model: str, description: str, problems: Mapping[str, str]) -> dict[str, Any]:
    """Return what OpenAPI says of an operation that answers a page of ``model``, with a link to the next."""
    operation = answers(model, description, problems)
    page = operation["responses"]["200"]
    page["content"] = {"application/json": {"schema": {"type": "array", "items": {"$ref": _REF.format(model=model)}}}}
    page["headers"] = {"Link": {"description": 'The next page, `rel="next"`', "schema": {"type": "string"}}}
    return operation


def reads(operation: Mapping[str, Any], model: str, example: object) -> dict[str, Any]:
    """Return what OpenAPI says of an operation that also reads a JSON body, from whoever may write."""
    body = {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": _REF.format(model=model)}, "example": example}},
    }
    responses = {**operation["responses"], **{status: _problem(words) for status, words in _OF_A_BODY.items()}}
    return {**operation, "requestBody": body, "responses": responses}


_OF_A_BODY = {
    "400": "The body ended early, or is no HTTP",
    "401": "The token is missing or wrong",
    "403": "No token is set, and the request is not from this machine",
    "408": "The body did not arrive in time",
    "413": "The body is too large",
    "415": "The body is not JSON by its header",
    "422": "The document has problems; each is listed with field, value and remedy",
}


_INTERNAL = {"500": _problem("An error of ours; the log says more")}

PLAN_OPERATION: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": _REF.format(model="PlanRequestDocument")},
                "examples": PLAN_REQUESTS,
            }
        },
    },
    "responses": {
        "200": _answer("PlanAnswerDocument", "The plan"),
        "400": _problem("The body ended early, or is no HTTP"),
        "408": _problem("The body did not arrive in time"),
        "413": _problem("The body is too large"),
        "415": _problem("The body is not JSON by its header"),
        "422": _problem("The document has problems; each is listed with field, value and remedy"),
        "429": _problem("Too many plans are being made; Retry-After says when to come back"),
        **_INTERNAL,
    },
}
HEALTH_OPERATION: dict[str, Any] = {"responses": {"200": _answer("Health", "The process answers"), **_INTERNAL}}
READY_OPERATION: dict[str, Any] = {
    "responses": {
        "200": _answer("Readiness", "Every check holds"),
        "503": _answer("Readiness", "A check does not hold"),
        **_INTERNAL,
    }
}
DEMO_OPERATION: dict[str, Any] = {
    "responses": {"200": _answer("DemoDocument", "The demo so far"), "503": _problem("It is starting"), **_INTERNAL}
}
DEMO_PAGE_OPERATION: dict[str, Any] = {
    "responses": {
        "200": {"description": "The demo so far", "content": {"text/html": {"schema": {"type": "string"}}}},
        "422": _problem("It could not be drawn in time"),
        "429": _problem("Too much is being planned; Retry-After says when to come back"),
        **_INTERNAL,
    }
}
ROOT_OPERATION: dict[str, Any] = {
    "responses": {
        "200": {
            "description": "What this is and where to look",
            "content": {
                "application/json": {"schema": {"$ref": _REF.format(model="Root")}},
                "text/html": {"schema": {"type": "string"}},
            },
        },
        **_INTERNAL,
    }
}


def describe(app: FastAPI, *, read: Sequence[type[BaseModel]], written: Sequence[type[BaseModel]]) -> None:
    """Give ``app`` an OpenAPI document that holds the schemas of the documents it reads and writes."""
    schemas = _schemas(read, written)

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title, version=app.version, summary=app.summary, routes=app.routes, tags=app.openapi_tags
            )
            _without_answers_of_the_framework(document)
            document.setdefault("components", {}).setdefault("schemas", {}).update(schemas)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _without_answers_of_the_framework(document: dict[str, Any]) -> None:
    """Take out the errors that FastAPI announces by itself; ours are problems."""
    for name in _OF_FRAMEWORK:
        document.get("components", {}).get("schemas", {}).pop(name, None)
    for operations in document["paths"].values():
        for operation in operations.values():
            content = operation["responses"].get("422", {}).get("content", {})
            if _REF.format(model="HTTPValidationError") in str(content.get("application/json")):
                del content["application/json"]


def _schemas(read: Sequence[type[BaseModel]], written: Sequence[type[BaseModel]]) -> Mapping[str, Any]:
    wanted = [(model, "validation") for model in read] + [(model, "serialization") for model in written]
    _, document = models_json_schema(wanted, ref_template=_REF)  # type: ignore[arg-type]  # the literals are inferred as str
    definitions: Mapping[str, Any] = document["$defs"]
    return definitions
