"""Errors as problem+json (RFC 9457): what is wrong, where, and what to do; never the text of an exception of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any  # a found error of FastAPI is whatever it puts into it

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from voltherm.adapters.documents.problem import DocumentError, Problem, shown
from voltherm.domain.errors import InvalidInputError
from voltherm.ports.errors import OutsideError

MEDIA_TYPE = "application/problem+json"
URN = "urn:voltherm:problem:"

_log = structlog.get_logger(__name__)


class FieldProblem(BaseModel):
    """One thing that is wrong with the request."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str
    value: str | int | float | bool | None
    problem: str
    remedy: str


class ProblemDocument(BaseModel):
    """A problem as RFC 9457 describes it, with one entry for each field concerned."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []


class Refusal(Exception):
    """A request that is turned away.

    Parameters
    ----------
    status : HTTPStatus
        How.
    kind : str
        Name of the problem's type.
    detail : str
        What is wrong and what to do, for people.
    headers : mapping of str to str, optional
        Headers of the response.
    """

    def __init__(self, status: HTTPStatus, kind: str, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = headers


def problem_response(
    status: int,
    kind: str,
    detail: str,
    *,
    problems: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem as a response."""
    document = ProblemDocument(
        type=URN + kind,
        title=HTTPStatus(status).phrase,
        status=int(status),
        detail=detail,
        errors=[
            FieldProblem(field=found.field, value=found.value, problem=found.problem, remedy=found.remedy)
            for found in problems
        ],
    )
    content = document.model_dump_json().encode("utf-8", "replace")
    return Response(content, status_code=int(status), media_type=MEDIA_TYPE, headers=dict(headers or {}))


def answer_errors_with_problems(app: FastAPI) -> None:
    """Make every error of ``app`` a problem document."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(DocumentError, _bad_document)
    app.add_exception_handler(InvalidInputError, _bad_input)
    app.add_exception_handler(OutsideError, _outside)
    app.add_exception_handler(RequestValidationError, _bad_parameters)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _internal_error)


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, Refusal):
        raise error
    return problem_response(error.status, error.kind, error.detail, headers=error.headers)


async def _bad_document(_: Request, error: Exception) -> Response:
    if not isinstance(error, DocumentError):
        raise error
    n = len(error.problems)
    detail = f"The document has {n} problem{'s' if n > 1 else ''}; each is listed with its remedy."
    return problem_response(422, "invalid-document", detail, problems=error.problems)


async def _bad_input(_: Request, error: Exception) -> Response:
    """Tell what the domain refuses; its messages are written for the caller."""
    problems = [_told_as_problem(line) for line in str(error).splitlines()]
    return problem_response(422, "invalid-document", "The values do not fit together.", problems=problems)


def _told_as_problem(line: str) -> Problem:
    """Return a message of the form ``field: problem; remedy`` as its parts."""
    field, _, rest = line.partition(": ")
    if not rest or " " in field:
        field, rest = "document", line
    problem, _, remedy = rest.rpartition("; ")
    return Problem(field=field, value=None, problem=problem or rest, remedy=remedy if problem else "correct the value")


async def _outside(request: Request, error: Exception) -> Response:
    """Tell that something that the service depends on failed; what it said is for the operator."""
    _log.warning("outside_failed", method=request.method, path=request.url.path, why=str(error))
    detail = "What the answer depends on does not work now; its operator finds the reason in the log. Try again later."
    return problem_response(503, "unavailable", detail, headers={"Retry-After": "5"})


async def _bad_parameters(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    detail = "The request's parameters are not as documented at /docs."
    return problem_response(422, "invalid-request", detail, problems=[_of_parameter(each) for each in error.errors()])


def _of_parameter(found: Mapping[str, Any]) -> Problem:
    """Return what is wrong with a parameter of the query or the path."""
    given = found.get("input")
    value = None if given is None else shown(str(given))
    remedy = str(found.get("ctx", {}).get("remedy") or "write it as /docs says")
    return Problem(field=str(found["loc"][-1]), value=value, problem=str(found["msg"]).lower(), remedy=remedy)


async def _http_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    kind, detail = _HTTP_PROBLEMS.get(error.status_code, ("refused", "The request cannot be answered; see /docs."))
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and error.headers:
        detail = f"{detail} Allowed here: {error.headers.get('Allow', '')}."
    return problem_response(error.status_code, kind, detail, headers=error.headers)


async def _internal_error(request: Request, error: Exception) -> Response:
    _log.error("request_failed", method=request.method, path=request.url.path, exc_info=error)
    detail = "The service failed to answer; its operator finds the reason in the log."
    return problem_response(500, "internal", detail)


_HTTP_PROBLEMS = {
    404: ("not-found", "There is nothing here; / tells where to look."),
    405: ("method-not-allowed", "This path does not answer that method."),
    413: ("too-large", "The body is too large."),
    415: ("unsupported-media-type", "Send application/json."),
}
