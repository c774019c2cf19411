"""The last day at the meter as a drawing: with the battery, without it, and the state of charge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from voltherm.application.virtual_meter import MeteredInterval, VirtualMeter

WIDTH: Final = 960.0
HEIGHT: Final = 220.0
DAY: Final = timedelta(days=1)
LEAST: Final = 4
"""Intervals below which there is nothing to see."""
HOURS: Final = 6
"""Between two marks of the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A line of the grid with its name."""

    at: float
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayChart:
    """Points of the lines, in the drawing's own units.

    Parameters
    ----------
    with_battery, without_battery : str
        Steps of the meter, as points of a polyline.
    times, powers : tuple of Mark
        Marks of the two axes.
    zero : float
        Height of zero power.
    """

    with_battery: str
    without_battery: str
    times: tuple[Mark, ...]
    powers: tuple[Mark, ...]
    zero: float


def day_chart(meter: VirtualMeter, zone: ZoneInfo) -> DayChart | None:
    """Return the drawing of the last 24 hours; None while there is nothing to see."""
    metered = meter.since(meter.running.start - DAY)
    if len(metered) < LEAST:
        return None
    powers = [power for one in metered for power in (one.grid_kw, one.without_kw)]
    low, high = min(0.0, *powers), max(1.0, *powers)

    def height(power_kw: float) -> float:
        return HEIGHT * (high - power_kw) / (high - low)

    def points(values: Sequence[float]) -> str:
        corners = [(n + side, value) for n, value in enumerate(values) for side in (0, 1)]
        return " ".join(f"{WIDTH * at / len(values):.1f},{height(power):.1f}" for at, power in corners)

    return DayChart(
        with_battery=points([one.grid_kw for one in metered]),
        without_battery=points([one.without_kw for one in metered]),
        times=tuple(_times(metered, zone)),
        powers=tuple(Mark(at=height(power), name=f"{power:,.0f} kW") for power in dict.fromkeys((low, high))),
        zero=height(0.0),
    )


def _times(metered: Sequence[MeteredInterval], zone: ZoneInfo) -> list[Mark]:
    marks = []
    for n, one in enumerate(metered):
        clock = one.start.astimezone(zone)
        if clock.minute == 0 and clock.hour % HOURS == 0:
            marks.append(Mark(at=WIDTH * n / len(metered), name=f"{clock:%H:%M}"))
    return marks
