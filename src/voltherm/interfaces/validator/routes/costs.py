"""``GET /api/costs``: what the meter costs with the battery and without it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from voltherm.adapters.documents.fields import Instant
from voltherm.domain.errors import InvalidInputError
from voltherm.interfaces.validator.answers import answered, documented
from voltherm.interfaces.validator.costs import costs_document
from voltherm.interfaces.validator.documents import CostsDocument
from voltherm.interfaces.validator.live import LiveSite


def costs_router(live: LiveSite) -> APIRouter:
    """Return the route of the bills."""
    router = APIRouter(prefix="/api", tags=["costs"])
    answers = documented(
        CostsDocument, "The bills", p422="The times are none, or the tariff needs prices that are not recorded"
    )

    @router.get("/costs", summary="The bills", operation_id="costs", response_model=None, responses=answers)
    async def costs(
        from_: Annotated[Instant | None, Query(alias="from")] = None, to: Annotated[Instant | None, Query()] = None
    ) -> Response:
        """Return the bill of each billing period within ``[from, to)``, by default of the running one up to now."""
        now = live.look().at
        end = to or now
        start = from_ or live.site.tariff.period_of(now if to is None else min(to, now)).start
        if end <= start:
            raise InvalidInputError(f"to: {end.isoformat()} is not after {start.isoformat()}; give a later end")
        return answered(costs_document(live, start, end))

    return router
