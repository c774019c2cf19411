"""A chart as SVG, without a library: what was measured, what is expected, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from voltherm.application.serve_forecasts import POWER, Made
from voltherm.domain.time import Interval, TimeGrid

WIDTH, HEIGHT = 900, 250
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 12, 40
PAST: Final = timedelta(hours=24)
AHEAD: Final = timedelta(hours=48)
LOW, HIGH = 0.1, 0.9
TICK: Final = timedelta(hours=6)
N_LINES: Final = 4
PLAIN: Final = (1.0, 1.2, 1.6, 2.0, 2.4, 3.2, 4.0, 6.0, 8.0, 10.0, 20.0)
DAY_WIDTH: Final = 60
"""Room for the name of a day; nearer to an edge it is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """Where instants and powers lie on the paper."""

    span: Interval
    most_kw: float

    def x(self, moment: datetime) -> float:
        share = (moment - self.span.start) / (self.span.end - self.span.start)
        return LEFT + min(1.0, max(0.0, share)) * (WIDTH - LEFT - RIGHT)

    def y(self, power_kw: float) -> float:
        return HEIGHT - BOTTOM - max(0.0, power_kw) / self.most_kw * (HEIGHT - BOTTOM - TOP)


def draw(made: Made, now: datetime, zone: ZoneInfo, name: str) -> Markup:
    """Return the last day as measured and the next two as forecast, in the local time of ``zone``.

    Parameters
    ----------
    made : Made
        The forecast with its readings.
    now : datetime
        The instant that divides the two.
    zone : ZoneInfo
        For the labels.
    name : str
        What the figure shows, for readers who do not see it.
    """
    span = Interval(now - PAST, now + AHEAD)
    forecast = made.forecast
    low, high = (forecast.quantiles.get(p, forecast.mean.values) for p in (LOW, HIGH))
    shown = _within(forecast.grid, span)
    past = _within(made.measured.grid, span)
    measured = made.measured.column(POWER)
    tops = np.concatenate([high[shown], forecast.mean.values[shown], measured[past]])
    frame = _Frame(span=span, most_kw=_nice(float(np.nanmax(tops, initial=0.0))))
    parts = [
        *_lines(frame),
        *_ticks(frame, zone),
        _band(frame, forecast.grid, (low, high), shown),
        _steps(frame, made.measured.grid, measured, past, "measured"),
        _steps(frame, forecast.grid, forecast.mean.values, shown, "expected"),
        f'<line class="now" x1="{frame.x(now):.1f}" x2="{frame.x(now):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>',
        f'<text class="now" x="{frame.x(now) + 4:.1f}" y="{TOP + 10}">now</text>',
    ]
    opening = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">').format(WIDTH, HEIGHT, name)
    return opening + Markup("".join(parts)) + Markup("</svg>")  # noqa: S704 - numbers, and labels of our own


def _within(grid: TimeGrid, span: Interval) -> slice:
    """The steps that touch the span."""
    first = max(0, (span.start - grid.start) // grid.step)
    last = min(grid.n_steps, -((grid.start - span.end) // grid.step))
    return slice(first, max(first, last))


def _nice(most: float) -> float:
    """The least plain number that is not below ``most``, such that a quarter of it is plain as well."""
    if most <= 0:
        return 1.0
    scale = 10.0 ** math.floor(math.log10(most))
    return next(scale * factor for factor in PLAIN if scale * factor >= most)


def _lines(frame: _Frame) -> Iterable[str]:
    for index in range(N_LINES + 1):
        power_kw = frame.most_kw * index / N_LINES
        y = frame.y(power_kw)
        unit = " kW" if index == N_LINES else ""
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{power_kw:g}{unit}</text>'


def _ticks(frame: _Frame, zone: ZoneInfo) -> Iterable[str]:
    """A label every six hours by the wall clock, and the day's name below each midnight."""
    grid = TimeGrid(_whole_hour(frame.span.start), timedelta(hours=1), (PAST + AHEAD) // timedelta(hours=1) + 1)
    for moment in grid.times():
        local = moment.astimezone(zone)
        if moment < frame.span.start or local.hour % (TICK // timedelta(hours=1)):
            continue
        x = frame.x(moment)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        yield f'<text class="tick" x="{x:.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">{local:%H:%M}</text>'
        if not local.hour and LEFT <= x <= WIDTH - DAY_WIDTH / 2:
            day = f"{local:%a} {local.day} {local:%b}"
            yield f'<text class="day" x="{x:.1f}" y="{HEIGHT - BOTTOM + 31}" text-anchor="middle">{day}</text>'


def _whole_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _steps(frame: _Frame, grid: TimeGrid, values: NDArray[np.float64], part: slice, style: str) -> str:
    """A line that is level over each step, with gaps where nothing is known."""
    path, is_drawing = [], False
    for index in range(part.start, part.stop):
        value = float(values[index])
        if math.isnan(value):
            is_drawing = False
            continue
        x, end, y = frame.x(grid.time_of(index)), frame.x(grid.time_of(index + 1)), frame.y(value)
        path.append(f"{'L' if is_drawing else 'M'}{x:.1f} {y:.1f}H{end:.1f}")
        is_drawing = True
    return f'<path class="{style}" d="{"".join(path)}"/>'


def _band(frame: _Frame, grid: TimeGrid, bounds: tuple[NDArray[np.float64], NDArray[np.float64]], part: slice) -> str:
    low, high = bounds
    indices = range(part.start, part.stop)
    upper = [(index, frame.y(float(high[index]))) for index in indices]
    lower = [(index, frame.y(float(low[index]))) for index in reversed(indices)]
    points = [f"{frame.x(grid.time_of(at + side)):.1f},{y:.1f}" for at, y in upper for side in (0, 1)]
    points += [f"{frame.x(grid.time_of(at + side)):.1f},{y:.1f}" for at, y in lower for side in (1, 0)]
    return f'<polygon class="band" points="{" ".join(points)}"/>'
