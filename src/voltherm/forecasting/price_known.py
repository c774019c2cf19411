"""What is known of a price by hours: metered before now, published after it, and the weather that moves it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.external_forecast import PartialSeries
from voltherm.domain.measurements import LookaheadError, Measurements, MeasurementView
from voltherm.domain.series import Quality, Series
from voltherm.domain.time import TimeGrid

HOUR: Final = timedelta(hours=1)
LEAST_SHARE: Final = 0.25
"""A quarter is enough for an hour's price: the running hour is metered in part and published in part."""
PRICE_WEATHER: Final = ("wind_kw", "t_out_c")
"""Wind power of the price area, and outdoor temperature: columns of the history and names of their forecasts."""

Array = NDArray[np.float64]
Given = Series | PartialSeries


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ahead:
    """What others say of the time after now.

    Parameters
    ----------
    published : Series or PartialSeries or None
        Prices that are known already, as of the day-ahead auction. [currency/kWh]
    weather : Mapping of name to Series or PartialSeries
        Forecasts named as in ``PRICE_WEATHER``: ``wind_kw`` [kW], ``t_out_c`` [°C].

    Raises
    ------
    InvalidInputError
        For weather of another name.
    """

    published: Given | None = None
    weather: Mapping[str, Given] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = sorted(set(self.weather) - set(PRICE_WEATHER))
        if unknown:
            raise InvalidInputError(f"weather: {unknown[0]!r} moves no price; known: {', '.join(PRICE_WEATHER)}")


NOTHING_AHEAD: Final = Ahead()


def known_by_hour(view: MeasurementView, column: str, ahead: Ahead, start: datetime) -> Measurements | None:
    """Return the price and the weather hour by hour from ``start`` on; None where no price is known at all.

    The grid reaches from the first to the last hour whose price is known. Of the weather only what is asked for by
    ``ahead.weather`` is there: before now as measured, after it as forecast, NaN where neither is known.

    Parameters
    ----------
    view : MeasurementView
        The history; may have the columns of ``PRICE_WEATHER``.
    column : str
        The price's column.
    ahead : Ahead
        What is known of the time after ``view.now``.
    start : datetime
        Where to begin at the earliest; rounded down to a whole hour of UTC, as markets have.

    Raises
    ------
    LookaheadError
        When weather was issued, or measured, after ``view.now``.
    """
    refuse_lookahead(view, ahead.weather)
    ends = [view.end] if view.n_steps and column in view.names else []
    ends += [] if ahead.published is None else [ahead.published.grid.end]
    first = whole_hour(start)
    if not ends or max(ends) <= first:
        return None
    hours = TimeGrid(first, HOUR, -((first - max(ends)) // HOUR))
    price = joined(view, column, ahead.published, hours)
    known = np.flatnonzero(~np.isnan(price))
    if not known.size:
        return None
    weather = {name: joined(view, name, given, hours) for name, given in ahead.weather.items()}
    return Measurements(hours, {column: price, **weather}).part(int(known[0]), int(known[-1] - known[0]) + 1)


def joined(view: MeasurementView, column: str, given: Given | None, grid: TimeGrid) -> Array:
    """Return the column on the grid, NaN where missing: as the view has it, else as given from elsewhere.

    What was measured counts for more than what was forecast of it; a published price is the same in both.
    """
    values = np.full(grid.n_steps, np.nan)
    known = view.since(grid.start - view.step) if column in view.names else None
    if known is not None:
        alone = Measurements(known.grid, {column: known.column(column)})
        values = alone.bridged().on(grid, min_share=LEAST_SHARE).column(column)
    if given is None:
        return values
    ahead = Measurements(given.grid, {column: given.values}).bridged().on(grid, min_share=LEAST_SHARE).column(column)
    return np.where(np.isnan(values), ahead, values)


def refuse_lookahead(view: MeasurementView, weather: Mapping[str, Given]) -> None:
    """Refuse weather that cannot have been known at the view's instant.

    A series without time of issue is taken at the caller's word, unless it calls itself measured. Published prices lie
    ahead by nature: who gives them answers for their publication, as ``published_prices`` does.

    Raises
    ------
    LookaheadError
        When a forecast was issued later, or the weather was measured later.
    """
    for name, series in weather.items():
        origin = series.provenance
        if origin.issued_at is not None and origin.issued_at > view.now:
            raise LookaheadError(
                f"lookahead: {name} of {origin.issued_at.isoformat()} was not known at {view.now.isoformat()}; "
                "give a forecast issued by then"
            )
        if origin.quality is Quality.MEASURED and series.grid.end > view.now:
            raise LookaheadError(
                f"lookahead: {name} was measured until {series.grid.end.isoformat()}, after {view.now.isoformat()}; "
                "give a forecast of it"
            )


def quality_with(own: Quality, given: Iterable[Given | None]) -> Quality:
    """Return the quality of values made with what is given: no better than assumed or demo data that they rest on."""
    poor = {each.provenance.quality for each in given if each is not None} & {Quality.ASSUMED, Quality.DEMO}
    return max({own, *poor}, key=list(Quality).index)


def whole_hour(moment: datetime) -> datetime:
    """Return the begin of the whole hour of UTC that contains ``moment``."""
    return moment - timedelta(seconds=moment.timestamp() % HOUR.total_seconds())
