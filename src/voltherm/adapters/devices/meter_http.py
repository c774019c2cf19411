"""The site's meter over HTTP with JSON, in the shapes of docs/wire.md."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from voltherm.adapters.devices.answer_fields import AnswerFields, shown_plainly
from voltherm.adapters.transports.http import JsonHttp
from voltherm.domain.control import Measured
from voltherm.domain.device import MeterState
from voltherm.domain.time import Interval, utc_instant
from voltherm.ports.clock import Clock
from voltherm.ports.errors import Malformed

METER_PATH: Final = "/api/meter"
INTERVALS_PATH: Final = "/api/meter/intervals"

MOST_INTERVALS: Final = 2976
"""So many come in one answer: 31 days of quarter-hours. A full answer is followed by another question."""
MOST_PAGES: Final = 50
"""Four years of quarter-hours; whoever needs more asks again."""
FUTURE_TOLERANCE: Final = timedelta(minutes=15)
"""A meter's clock may be so much ahead of ours; intervals that end later are not over."""
MOST_PROBLEMS: Final = 20
MINUTES_PER_HOUR: Final = 60

_log = logging.getLogger(__name__)


class HttpMeter:
    """A meter that is read by GET.

    Parameters
    ----------
    http : JsonHttp
        Where it is.
    clock : Clock
        Stamps what is received.
    asset_ids : collection of str, optional
        Assets of the site; what the meter says of others is ignored. By default everything is kept.
    """

    def __init__(self, http: JsonHttp, clock: Clock, *, asset_ids: Collection[str] | None = None) -> None:
        self._http = http
        self._clock = clock
        self._asset_ids = None if asset_ids is None else frozenset(asset_ids)
        self._problems: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """What of the last answer was refused, in words; empty when nothing was."""
        return self._problems

    async def read_meter(self) -> MeterState:
        """Return the power of now and the running metering interval's mean.

        Raises
        ------
        OutsideError
            When no answer came, or none with a finite ``grid_kw``. A site without a meter answers 404: ``Refused``.
        """
        answer = _object(await self._http.get(METER_PATH, allow_nan=True), f"{self._http.name}{METER_PATH}")
        grid_kw = answer.number("grid_kw")
        if grid_kw is None:
            said = "; ".join(answer.problems) or "grid_kw is missing"
            raise Malformed(f"{self._http.name}{METER_PATH}: {said}")
        start, mean_kw = answer.instant("interval_start"), answer.number("interval_mean_kw")
        measured_at = answer.instant("timestamp")
        self._tell(answer.problems)
        is_whole = start is not None and mean_kw is not None
        return MeterState(
            received_at=self._clock.now(),
            received_s=self._clock.monotonic_s(),
            measured_at=measured_at,
            grid_kw=grid_kw,
            interval_start=start if is_whole else None,
            interval_mean_kw=mean_kw if is_whole else None,
        )

    async def read_intervals(self, since: datetime) -> tuple[Measured, ...]:
        """Return the metering intervals that are over and began at ``since`` or later, oldest first.

        Intervals that are not aligned, overlap, come out of order or are not over are left out, and so are values that
        are no numbers; ``problems`` says which.

        Raises
        ------
        OutsideError
            When no answer came, or none with a list of intervals.
        """
        wanted = utc_instant(since, "since")
        problems: list[str] = []
        measured: list[Measured] = []
        for _ in range(MOST_PAGES):
            page, is_full = await self._page(wanted, problems)
            measured += page
            if not is_full or not page:
                break
            wanted = page[-1].interval.end
        self._tell(problems)
        return tuple(measured)

    async def _page(self, since: datetime, problems: list[str]) -> tuple[list[Measured], bool]:
        """Return the intervals of one answer that may be believed, and whether there may be more after them."""
        where = f"{self._http.name}{INTERVALS_PATH}"
        raw = await self._http.get(INTERVALS_PATH, {"since": since.isoformat().replace("+00:00", "Z")}, allow_nan=True)
        answer = _object(raw, where)
        step, rows = _step(answer, where), answer.fields.get("intervals")
        if not isinstance(rows, list):
            raise Malformed(f"{where}: 'intervals' is {shown_plainly(rows)}, must be a list")
        earliest, latest = since, self._clock.now() + FUTURE_TOLERANCE
        measured: list[Measured] = []
        for index, row in enumerate(rows):
            if not isinstance(row, dict):
                problems.append(f"intervals[{index}] is {shown_plainly(row)}: is no object; send one an interval")
                continue
            fields = AnswerFields(row, problems, f"intervals[{index}].")
            interval = _interval(fields, step, earliest, latest)
            if interval is not None:
                measured.append(self._measured(fields, interval))
                earliest = interval.end
        return measured, len(rows) >= MOST_INTERVALS

    def _measured(self, fields: AnswerFields, interval: Interval) -> Measured:
        return Measured(
            interval=interval,
            grid_kw=fields.number("grid_kw"),
            power_kw=self._of_the_site(fields.numbers("power_kw")),
            soc=self._of_the_site(fields.numbers("soc", least=0.0, most=1.0)),
        )

    def _of_the_site(self, values: dict[str, float]) -> dict[str, float]:
        ids = self._asset_ids
        return values if ids is None else {name: value for name, value in values.items() if name in ids}

    def _tell(self, problems: list[str]) -> None:
        """Keep the problems for the caller, and log them when they begin."""
        if problems and not self._problems:
            _log.warning("the meter's answer has problems", extra={"peer": self._http.name, "problem": problems[0]})
        self._problems = tuple(problems[:MOST_PROBLEMS])


def _object(raw: object, where: str) -> AnswerFields:
    if not isinstance(raw, dict):
        raise Malformed(f"{where}: answers {shown_plainly(raw)}, which is no object")
    return AnswerFields(raw, [])


def _step(answer: AnswerFields, where: str) -> timedelta:
    minutes = answer.whole("interval_minutes")
    if minutes is None or not 1 <= minutes <= MINUTES_PER_HOUR or MINUTES_PER_HOUR % minutes:
        said = shown_plainly(answer.fields.get("interval_minutes"))
        raise Malformed(f"{where}: interval_minutes is {said}, must divide an hour, such as 15")
    return timedelta(minutes=minutes)


def _interval(fields: AnswerFields, step: timedelta, earliest: datetime, latest: datetime) -> Interval | None:
    """Return the interval of a row; None where it is none, or no new one that is over."""
    start = fields.instant("start")
    if start is None:
        if fields.fields.get("start") is None:
            fields.refuse("start", "is missing", "send the interval's begin")
    elif start.timestamp() % step.total_seconds():
        fields.refuse("start", f"is not aligned to {step}", "send metering intervals that begin on the clock")
    elif start < earliest:
        fields.refuse(
            "start", f"is before {earliest.isoformat()}", "send each interval once, oldest first, from 'since'"
        )
    elif start + step > latest:
        fields.refuse("start", "is not over yet", "send intervals that are over, and check the meter's clock")
    else:
        return Interval(start, start + step)
    return None
