"""What OpenAPI says of the reporter's operations."""

from __future__ import annotations

from typing import Any  # an OpenAPI document is whatever JSON is

from voltherm.domain.external_forecast import ForecastKind
from voltherm.interfaces.reporter.asked import MOST_HOURS, RESOLUTIONS_MINUTES, SHAPES, USUAL_MINUTES

_REF = "#/components/schemas/{model}"
_PROBLEM = {"application/problem+json": {"schema": {"$ref": _REF.format(model="ProblemDocument")}}}


def _problem(description: str) -> dict[str, object]:
    return {"description": description, "content": _PROBLEM}


def _schema(schema: dict[str, object], description: str) -> dict[str, object]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _answer(model: str, description: str) -> dict[str, object]:
    return _schema({"$ref": _REF.format(model=model)}, description)


def _parameter(name: str, description: str, schema: dict[str, object]) -> dict[str, object]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


_COMMON = {
    "401": _problem("A token is wanted, and none or another was sent"),
    "500": _problem("An error of ours; the log says more"),
}
_LATER = _problem("No forecast: too little history, or the database does not answer; the detail says what to do")
_ROW = {ForecastKind.LOAD: "LoadRowDocument", ForecastKind.SOLAR: "SolarRowDocument"}


def forecast_operation(kind: ForecastKind) -> dict[str, Any]:
    """Return what is said of the forecast of a kind."""
    rows = {"type": "array", "items": {"$ref": _REF.format(model=_ROW[kind])}}
    either: dict[str, object] = {"anyOf": [{"$ref": _REF.format(model="ForecastDocument")}, rows]}
    return {
        "parameters": [
            _parameter(
                "resolution_minutes",
                "Length of a step",
                {"type": "integer", "enum": list(RESOLUTIONS_MINUTES), "default": USUAL_MINUTES[kind]},
            ),
            _parameter(
                "hours", "How far", {"type": "integer", "minimum": 1, "maximum": MOST_HOURS, "default": MOST_HOURS}
            ),
            _parameter(
                "shape",
                "Our shape, or plain rows of seven local days from midnight, hourly, in local time without zone",
                {"type": "string", "enum": list(SHAPES), "default": SHAPES[0]},
            ),
        ],
        "responses": {
            "200": _schema(either, "The forecast"),
            "404": _problem("The site has no such point"),
            "422": _problem("The query has problems; each is listed with its remedy"),
            "503": _LATER,
            **_COMMON,
        },
    }


SAVE_OPERATION: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": _REF.format(model="ReadingsDocument")},
                "example": {
                    "unit": "kW",
                    "readings": [{"start": "2026-03-10T06:00:00Z", "power": {"building": 182.4, "roof": 0.0}}],
                },
            }
        },
    },
    "responses": {
        "200": _answer("KeptDocument", "How many were received, and how many of them were new or changed"),
        "400": _problem("The body ended early, or is no HTTP"),
        "408": _problem("The body did not arrive in time"),
        "409": _problem("The reporter shows a recording, which takes no readings"),
        "413": _problem("The body is too large"),
        "415": _problem("The body is not JSON by its header"),
        "422": _problem("The body has problems; each is listed with field, value and remedy"),
        "503": _problem("The database does not answer"),
        **_COMMON,
    },
}
READ_OPERATION: dict[str, Any] = {
    "parameters": [
        _parameter("since", "From when; by default the last day", {"type": "string", "format": "date-time"})
    ],
    "responses": {
        "200": _answer("KeptReadingsDocument", "The readings, oldest first"),
        "422": _problem("The query has problems; each is listed with its remedy"),
        "503": _problem("The database does not answer"),
        **_COMMON,
    },
}
ROOT_OPERATION: dict[str, Any] = {
    "responses": {
        "200": {
            "description": "What is forecast, from what, and how far off it was",
            "content": {
                "application/json": {"schema": {"$ref": _REF.format(model="ReporterDocument")}},
                "text/html": {"schema": {"type": "string"}},
            },
        },
        "500": _COMMON["500"],
        "503": _problem("The database does not answer"),
    },
}
