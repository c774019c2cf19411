"""When each row of a forecast begins: texts to instants, local times by the site's zone, and the step they lie on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from voltherm.ports.errors import Malformed

STEPS_MINUTES: Final = (5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440)
"""Lengths that are believed when they are found rather than declared. [min]"""
FARTHEST: Final = timedelta(days=366)
"""Nobody forecasts further from now, in either direction."""
YEARS: Final = (1971, 2200)
"""Beyond these, arithmetic with zones ends before the calendar does."""


def instants_of(texts: Sequence[str], zone: ZoneInfo | None, fetched_at: datetime) -> tuple[datetime | None, ...]:
    """Return the instant of each time in UTC; None for a local time that the zone skips in spring.

    A time with ``Z`` or an offset is taken at its word. One without is local in ``zone``: in the doubled hour of
    autumn the first of two equal times is the first pass and the second the second, in the order of the rows.

    Raises
    ------
    Malformed
        For a text that is no time, times with and without zone together (whoever mixes them means something that we
        cannot know), times without zone where the site's is not known, and times more than a year from now.
    """
    moments = [_moment(text, number) for number, text in enumerate(texts)]
    n_naive = sum(moment.tzinfo is None for moment in moments)
    if n_naive in (0, len(moments)):
        instants = _local(moments, zone) if n_naive else tuple(moment.astimezone(UTC) for moment in moments)
    else:
        raise Malformed(f"{n_naive} of {len(moments)} times have no zone and the others have one; write all alike")
    for number, instant in enumerate(instants):
        if instant is not None and abs(instant - fetched_at) > FARTHEST:
            raise Malformed(f"row {number} is of {instant.isoformat()}, more than a year from now")
    return instants


def step_of(instants: Sequence[datetime], declared_minutes: float | None) -> timedelta:
    """Return the length of the steps on which sorted instants without doubles lie.

    Raises
    ------
    Malformed
        When they lie on no common steps, or on others than declared.
    """
    for instant in instants:
        if instant.second or instant.microsecond:
            raise Malformed(f"{instant.isoformat()} is no whole minute; give the begin of each interval")
    apart = Counter(later - earlier for earlier, later in pairwise(instants))
    usual = min(apart, key=lambda gap: (-apart[gap], gap), default=None)
    if declared_minutes is not None:
        step = timedelta(minutes=declared_minutes)
        if not step or step % timedelta(minutes=1):
            raise Malformed(f"declares steps of {declared_minutes:g} min; give whole minutes that divide an hour")
    elif usual is None:
        raise Malformed("has one row, from which no resolution can be found; declare resolution_minutes")
    else:
        step = usual
        if step / timedelta(minutes=1) not in STEPS_MINUTES:
            raise Malformed(f"its times are {step} apart, which is no usual step; declare resolution_minutes")
    if usual is not None and usual > step:
        raise Malformed(f"declares steps of {step}, but its times are mostly {usual} apart")
    if any(gap % step for gap in apart):
        raise Malformed(f"its times do not lie on steps of {step}; bring them on one grid")
    return step


def _moment(text: str, number: int) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"row {number}: {text[:40]!r} is no time; write ISO 8601, such as '2026-03-10T06:00:00Z'"
        raise Malformed(message) from error
    first, last = YEARS
    if not first <= moment.year <= last:
        raise Malformed(f"row {number} is of the year {moment.year}, more than a year from now")
    return moment


def _local(moments: Sequence[datetime], zone: ZoneInfo | None) -> tuple[datetime | None, ...]:
    if zone is None:
        raise Malformed("its times have no zone; write them as UTC ('Z') or with an offset")
    if moments[0] > moments[-1]:
        return tuple(reversed(_in_order(moments[::-1], zone)))
    return tuple(_in_order(moments, zone))


def _in_order(moments: Sequence[datetime], zone: ZoneInfo) -> list[datetime | None]:
    """Instants of wall-clock times of which the earlier come first."""
    passes: Counter[datetime] = Counter()
    instants: list[datetime | None] = []
    for moment in moments:
        instant = moment.replace(tzinfo=zone, fold=min(passes[moment], 1)).astimezone(UTC)
        passes[moment] += 1
        exists = instant.astimezone(zone).replace(tzinfo=None) == moment
        instants.append(instant if exists else None)
    return instants
