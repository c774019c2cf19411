"""Which hours of which local day a proposed schedule means."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from voltherm.application.house_facts import DAY, HouseFacts
from voltherm.application.local_hours import HOUR, local_hours
from voltherm.application.plan_day import day_asked_for
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.time import TimeGrid


def proposed_hours(facts: HouseFacts, asked: date | datetime | None, hours: Sequence[int]) -> tuple[date, TimeGrid]:
    """Return the local day and the hours that a schedule means.

    Hours are those of the device's clock, in order and without a gap; the one that comes twice in autumn is listed
    twice. A whole day may also be counted from midnight, 0 to 22 or 0 to 24 on the days of change. Without a date it is
    today, as long as its first hour is not over, else tomorrow.

    Parameters
    ----------
    facts : HouseFacts
        The device's zone, and now.
    asked : date, datetime or None
        The local day, where it was named.
    hours : sequence of int
        As they were listed; at least one.

    Raises
    ------
    InvalidInputError
        When they are no hours of that day, or over.
    """
    if asked is not None:
        day = day_asked_for(facts, asked)
        found = _matched(day, facts.zone, hours)
        if found.start + HOUR <= facts.now:
            message = (
                f"proposed_schedule[0].hour: hour {hours[0]} of {day.isoformat()} is over; "
                "propose hours from the running one on"
            )
            raise InvalidInputError(message)
        return day, found
    for day in (facts.today, facts.today + DAY):
        found = _matched(day, facts.zone, hours)
        if found.start + HOUR > facts.now:
            return day, found
    raise AssertionError("tomorrow is not over today")


def _matched(day: date, zone: ZoneInfo, hours: Sequence[int]) -> TimeGrid:
    of_day = local_hours(day, zone)
    clock = [moment.astimezone(zone).hour for moment in of_day.times()]
    given = list(hours)
    if given == list(range(of_day.n_steps)):
        return of_day
    for first in range(len(clock) - len(given) + 1):
        if clock[first : first + len(given)] == given:
            return of_day.part(first, len(given))
    message = (
        f"proposed_schedule: its hours do not follow one another on {day.isoformat()}{_change(clock)}; "
        "list hours of one day by the device's clock, in order and without a gap"
    )
    raise InvalidInputError(message)


def _change(clock: list[int]) -> str:
    doubled = [hour for hour in set(clock) if clock.count(hour) > 1]
    missing = [hour for hour in range(24) if hour not in clock]
    if doubled:
        return f", when hour {doubled[0]} comes twice"
    return f", when there is no hour {missing[0]}" if missing else ""
