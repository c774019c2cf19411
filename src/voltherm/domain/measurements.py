"""Measured interval means on one grid, where missing is missing, and a view of them that refuses lookahead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import gcd
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.errors import InvalidInputError, VolthermError
from voltherm.domain.resampling import bridged_gaps, regrouped
from voltherm.domain.series import Provenance, Quality, Series
from voltherm.domain.time import Interval, TimeGrid, utc_instant
from voltherm.domain.units import unit_of

MAX_GAP: Final = timedelta(hours=1)
"""Longest gap that is bridged unless the caller says otherwise."""
MIN_SHARE: Final = 0.75
"""Share of a coarse step that must have been measured, or its mean is missing."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MissingDataError(VolthermError):
    """A value is needed where none was measured, and the gap is too long to bridge."""


class LookaheadError(VolthermError):
    """Data was asked for that was not yet complete at the view's instant."""


@dataclass(frozen=True, slots=True, eq=False)
class Measurements:
    """Named columns of interval means on one grid; NaN means that nothing was measured.

    Parameters
    ----------
    grid : TimeGrid
        The steps; each value is the mean over its step.
    columns : mapping of str to array, shape (n_steps,)
        Name with unit (``load_kw``, ``pv_kw``, ``price_per_kwh``, ``t_out_c``, ``soc``) to values; kept read-only.

    Raises
    ------
    InvalidInputError
        For a column without unit, of another length than the grid, or with an infinite value.
    """

    grid: TimeGrid
    columns: Mapping[str, NDArray[np.float64]]

    def __post_init__(self) -> None:
        checked = {name: _column(name, values, self.grid.n_steps) for name, values in self.columns.items()}
        object.__setattr__(self, "columns", MappingProxyType(checked))

    def __reduce__(self) -> tuple[type[Measurements], tuple[TimeGrid, dict[str, NDArray[np.float64]]]]:
        """Return how to make it again in another process, which a read-only mapping cannot be sent to."""
        return Measurements, (self.grid, dict(self.columns))

    def column(self, name: str) -> NDArray[np.float64]:
        """Return the values of a column, NaN where missing, shape (n_steps,).

        Raises
        ------
        InvalidInputError
            When there is no such column.
        """
        try:
            return self.columns[name]
        except KeyError:
            message = f"measurements: no column {name!r}; there are {', '.join(self.columns) or 'none'}"
            raise InvalidInputError(message) from None

    def part(self, first: int, n_steps: int) -> Measurements:
        """Return the measurements on ``n_steps`` steps from step ``first``."""
        cut = slice(first, first + n_steps)
        return Measurements(self.grid.part(first, n_steps), {name: v[cut] for name, v in self.columns.items()})

    def within(self, interval: Interval) -> Measurements | None:
        """Return the steps that lie wholly within ``interval``; None when there is none."""
        first = max(0, -((self.grid.start - interval.start) // self.grid.step))
        last = min(self.grid.n_steps, (interval.end - self.grid.start) // self.grid.step)
        return self.part(first, last - first) if last > first else None

    def append(self, later: Measurements) -> Measurements:
        """Return these measurements continued by ``later``, with missing steps where neither has any.

        Where both have a step the later value counts, unless it is missing: a meter may correct itself.

        Raises
        ------
        InvalidInputError
            When the step differs, or the steps of the two do not begin at the same instants.
        """
        if later.grid.step != self.grid.step or (later.grid.start - self.grid.start) % self.grid.step:
            message = (
                f"measurements: steps of {later.grid.step} from {later.grid.start.isoformat()} do not continue "
                f"steps of {self.grid.step} from {self.grid.start.isoformat()}; bring them on one grid first"
            )
            raise InvalidInputError(message)
        span = Interval(min(self.grid.start, later.grid.start), max(self.grid.end, later.grid.end))
        grid = TimeGrid.over(span, self.grid.step)
        names = dict.fromkeys([*self.columns, *later.columns])
        return Measurements(grid, {name: _overlaid(name, grid, (self, later)) for name in names})

    def resample(
        self,
        step: timedelta,
        *,
        anchor: datetime | None = None,
        min_share: float = MIN_SHARE,
    ) -> Measurements:
        """Return the same energy in steps of ``step``: means stay means.

        A finer step repeats the mean of the step it lies in; a coarser one is the mean of its parts, weighted by
        their time. With a part missing it is the mean of the rest if at least ``min_share`` of it was measured,
        else missing. Nothing is interpolated, so every kWh stays within the step in which it was measured.

        Parameters
        ----------
        step : timedelta
            New length of a step.
        anchor : datetime, optional
            An instant at which a new step begins; by default the whole steps of UTC.
        min_share : float
            Share of a new step that must have been measured, 0 to 1.
        """
        new_s, old_s = int(step.total_seconds()), self.grid.step_seconds
        origin = _EPOCH if anchor is None else utc_instant(anchor, "anchor")
        lead_s = int((self.grid.start - origin).total_seconds()) % new_s
        part_s = gcd(new_s, old_s, lead_s)
        n_steps = -(-(lead_s + self.grid.n_steps * old_s) // new_s)
        grid = TimeGrid(self.grid.start - timedelta(seconds=lead_s), step, n_steps)
        shape = (lead_s // part_s, old_s // part_s, new_s // part_s)
        return Measurements(grid, {k: regrouped(v, shape, n_steps, min_share) for k, v in self.columns.items()})

    def on(self, grid: TimeGrid, *, min_share: float = MIN_SHARE) -> Measurements:
        """Return the measurements on exactly ``grid``, joined by time; steps outside them are missing."""
        slack = max(self.grid.step, grid.step)
        near = self.within(Interval(grid.start - slack, grid.end + slack))
        if near is None:
            return Measurements(grid, {name: np.full(grid.n_steps, np.nan) for name in self.columns})
        fitted = near.resample(grid.step, anchor=grid.start, min_share=min_share)
        return Measurements(grid, {name: _overlaid(name, grid, (fitted,)) for name in self.columns})

    def bridged(self, max_gap: timedelta = MAX_GAP) -> Measurements:
        """Return the measurements with gaps up to ``max_gap`` filled; longer ones stay missing.

        Each step of a short gap takes the mean of the last value before and the first after it. What was measured
        stays as it is, and a gap at either end of the data stays missing, as it has one neighbour only.
        """
        longest = max_gap // self.grid.step
        return Measurements(self.grid, {name: bridged_gaps(v, longest) for name, v in self.columns.items()})

    def series(self, name: str, grid: TimeGrid, *, source: str, max_gap: timedelta = MAX_GAP) -> Series:
        """Return a column on ``grid`` as a finite series, short gaps bridged and marked as repaired.

        Raises
        ------
        MissingDataError
            When a gap is longer than ``max_gap``; the message names its first instant.
        """
        raw = Measurements(self.grid, {name: self.column(name)})
        values = raw.bridged(max_gap).on(grid).column(name)
        missing = np.flatnonzero(np.isnan(values))
        if missing.size:
            message = (
                f"{name}: nothing measured at {grid.time_of(int(missing[0])).isoformat()} and {missing.size - 1} "
                f"further steps, in gaps longer than {max_gap}; fill them in the data or choose another span"
            )
            raise MissingDataError(message)
        repaired = int(np.isnan(raw.on(grid, min_share=1.0).column(name)).sum())
        quality = Quality.REPAIRED if repaired else Quality.MEASURED
        note = f"{repaired} of {grid.n_steps} steps bridged" if repaired else ""
        return Series(grid, values, Provenance(source=source, quality=quality, note=note))


class MeasurementView:
    """What a forecaster may know at ``now``: the steps that were complete by then, and nothing else.

    Parameters
    ----------
    measurements : Measurements
        Everything, also what lies after ``now`` (as a backtest has it).
    now : datetime
        The instant of the forecast, aware.
    """

    __slots__ = ("_measurements", "n_steps", "now")

    def __init__(self, measurements: Measurements, now: datetime) -> None:
        self._measurements: Final = measurements
        self.now: Final = utc_instant(now, "now")
        grid = measurements.grid
        self.n_steps: Final = min(grid.n_steps, max(0, (self.now - grid.start) // grid.step))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._measurements.columns)

    @property
    def step(self) -> timedelta:
        """Length of a step."""
        return self._measurements.grid.step

    @property
    def start(self) -> datetime:
        """Begin of the first step."""
        return self._measurements.grid.start

    @property
    def end(self) -> datetime:
        """End of the last step that is complete at ``now``; ``start`` when none is."""
        return self._measurements.grid.time_of(self.n_steps)

    def column(self, name: str) -> NDArray[np.float64]:
        """Return what is known of a column, NaN where missing, shape (n_steps,)."""
        return self._measurements.column(name)[: self.n_steps]

    def known(self) -> Measurements | None:
        """Return all complete steps; None when there is none."""
        return self._measurements.part(0, self.n_steps) if self.n_steps else None

    def since(self, start: datetime) -> Measurements | None:
        """Return the complete steps that begin at ``start`` or later; None when there is none."""
        first = max(0, -((self.start - utc_instant(start, "start")) // self.step))
        return self._measurements.part(first, self.n_steps - first) if first < self.n_steps else None

    def within(self, interval: Interval) -> Measurements | None:
        """Return the steps within ``interval``; None when there is none.

        Raises
        ------
        LookaheadError
            When the interval reaches beyond ``now``.
        """
        self._refuse_after(interval.end)
        return self._measurements.within(interval)

    def value(self, name: str, moment: datetime) -> float:
        """Return the mean over the step that contains ``moment``; NaN when missing.

        Raises
        ------
        LookaheadError
            When that step is not complete at ``now``.
        """
        index = self._measurements.grid.index_of(moment)
        self._refuse_after(self._measurements.grid.time_of(index + 1))
        return float(self._measurements.column(name)[index])

    def _refuse_after(self, end: datetime) -> None:
        if end > self.now:
            message = (
                f"lookahead: data up to {end.isoformat()} is not complete at {self.now.isoformat()}; "
                "ask for an interval that ends by then"
            )
            raise LookaheadError(message)


def _column(name: str, values: NDArray[np.float64], n_steps: int) -> NDArray[np.float64]:
    unit_of(name)
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (n_steps,):
        message = (
            f"{name}: has shape {array.shape}, the grid needs ({n_steps},); give one value a step, NaN where missing"
        )
        raise InvalidInputError(message)
    if np.isinf(array).any():
        message = f"{name}: value at step {int(np.flatnonzero(np.isinf(array))[0])} is infinite; NaN means missing"
        raise InvalidInputError(message)
    if array.flags.writeable:
        array = array.copy()
        array.flags.writeable = False
    return array


def _overlaid(name: str, grid: TimeGrid, layers: tuple[Measurements, ...]) -> NDArray[np.float64]:
    """One column of the layers on ``grid``, of which all are parts; a later layer counts where it has a value."""
    values = np.full(grid.n_steps, np.nan)
    for layer in layers:
        if name in layer.columns:
            shift = (layer.grid.start - grid.start) // grid.step
            first, last = max(0, shift), min(grid.n_steps, shift + layer.grid.n_steps)
            new = layer.columns[name][first - shift : max(first, last) - shift]
            np.copyto(values[first : max(first, last)], new, where=~np.isnan(new))
    return values
