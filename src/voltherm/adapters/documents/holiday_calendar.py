"""Holiday calendars by name, resolved into dates when a tariff is read; the domain sees only the dates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache

import holidays

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.tariffs import HolidayRule, HolidayTreatment

FIRST_YEAR, LAST_YEAR = 2000, 2050
SATURDAY, SUNDAY = 5, 6
OBSERVED = ("none", "sun_mon", "sat_fri_sun_mon")


def holiday_rule(
    calendar: str,
    treatment: HolidayTreatment,
    *,
    observed: str = "none",
    only: tuple[str, ...] = (),
    add: tuple[str, ...] = (),
) -> HolidayRule:
    """Return the holidays of the years 2000 to 2050.

    Parameters
    ----------
    calendar : str
        ISO 3166 country code, with a subdivision after a hyphen where wanted: ``NO``, ``US-CA``.
    treatment : HolidayTreatment
        Whether a holiday counts as Sunday or not at all.
    observed : str
        ``none``: on the date itself. ``sun_mon``: one on a Sunday also holds on Monday. ``sat_fri_sun_mon``: besides,
        one on a Saturday also holds on Friday.
    only : tuple of str
        Names (English, or those of the country) or dates ``MM-DD`` that count; empty counts all.
    add : tuple of str
        Further dates, ``MM-DD`` or ``YYYY-MM-DD``.

    Raises
    ------
    InvalidInputError
        For a calendar, name or date that does not exist.
    """
    dates = _dates(calendar, only, add)
    days: frozenset[int] = frozenset()
    if treatment is HolidayTreatment.SUNDAY:
        days = frozenset(day.toordinal() for day in _with_observed(dates, observed))
    return HolidayRule(
        calendar=calendar,
        treatment=treatment,
        observed=observed,
        only=only,
        add=add,
        days=days,
        first_day=date(FIRST_YEAR, 1, 1),
        end_day=date(LAST_YEAR + 1, 1, 1),
    )


@lru_cache(maxsize=64)
def _dates(calendar: str, only: tuple[str, ...], add: tuple[str, ...]) -> frozenset[date]:
    named = _calendar(calendar)
    kept = set(named)
    if only:
        known = {name.lower() for names in named.values() for name in names}
        unknown = [wish for wish in only if wish.lower() not in known and _month_day(wish) is None]
        if unknown:
            listed = ", ".join(sorted({name for names in named.values() for name in names}))
            message = f"holidays.only: {unknown} are not in calendar {calendar}; known are {listed}, or dates MM-DD"
            raise InvalidInputError(message)
        wanted = {wish.lower() for wish in only}
        fixed = {_month_day(wish) for wish in only} - {None}
        kept = {
            day
            for day, names in named.items()
            if (day.month, day.day) in fixed or any(name.lower() in wanted for name in names)
        }
    return frozenset(kept | set(_added(add)))


@lru_cache(maxsize=64)
def _calendar(calendar: str) -> dict[date, tuple[str, ...]]:
    """Every holiday of the calendar with its names, in English and the country's own language."""
    country, _, subdivision = calendar.partition("-")
    named: dict[date, tuple[str, ...]] = {}
    for language in ("en_US", None):
        try:
            found = holidays.country_holidays(
                country,
                subdiv=subdivision or None,
                years=range(FIRST_YEAR, LAST_YEAR + 1),
                observed=False,
                language=language,
            )
        except NotImplementedError as error:
            message = f"holidays: there is no calendar {calendar!r}; use a country code such as NO, or US-CA"
            raise InvalidInputError(message) from error
        for day, names in found.items():
            named[day] = (*named.get(day, ()), *names.split("; "))
    return named


def _added(add: Iterable[str]) -> Iterable[date]:
    for text in add:
        month_day = _month_day(text)
        if month_day is None:
            try:
                yield date.fromisoformat(text)
            except ValueError as error:
                message = f"holidays.add: {text!r} is no date; write MM-DD or YYYY-MM-DD"
                raise InvalidInputError(message) from error
            continue
        for year in range(FIRST_YEAR, LAST_YEAR + 1):
            if month_day != (2, 29) or year % 4 == 0:
                yield date(year, *month_day)


def _month_day(text: str) -> tuple[int, int] | None:
    try:
        day = date.fromisoformat(f"2000-{text}")
    except ValueError:
        return None
    return day.month, day.day


def _with_observed(dates: Iterable[date], observed: str) -> Iterable[date]:
    for day in dates:
        yield day
        if observed in ("sun_mon", "sat_fri_sun_mon") and day.weekday() == SUNDAY:
            yield day + timedelta(days=1)
        if observed == "sat_fri_sun_mon" and day.weekday() == SATURDAY:
            yield day - timedelta(days=1)
