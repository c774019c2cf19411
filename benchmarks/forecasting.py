"""Scores of the load and PV forecasts at rolling origins: `python -m benchmarks.forecasting FILE.csv --zone ZONE`.

Every origin sees what was measured before it and nothing else; the model is fitted again when a local day begins, as a
controller does. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from voltherm.adapters.documents.series_csv import read_measurements
from voltherm.domain.measurements import Measurements, MeasurementView
from voltherm.domain.series import Forecast
from voltherm.domain.time import TimeGrid, zone_named
from voltherm.forecasting import Forecaster, LoadModel, PvModel, Scores, fit_load, fit_pv, score_rolling, seasonal_naive

WARM_UP = timedelta(days=28)
HORIZONS_H = (1, 24, 48)
ORIGIN_EVERY = timedelta(hours=5, minutes=15)  # comes by every time of the day

Fit = Callable[[MeasurementView, TimeGrid, ZoneInfo], LoadModel | PvModel | None]


class Daily:
    """A forecaster that fits its model when a local day begins, and counts its CPU time."""

    def __init__(self, fit: Fit, zone: ZoneInfo) -> None:
        self.fit, self.zone = fit, zone
        self.model: LoadModel | PvModel | None = None
        self.cpu_s = 0.0
        self.calls = 0

    def __call__(self, view: MeasurementView, grid: TimeGrid) -> Forecast:
        """Return the forecast, fitting first where the model is not of this local day."""
        before = time.process_time()
        if self.model is None or not self.model.is_current(view, grid):
            self.model = self.fit(view, grid, self.zone)
        assert self.model is not None
        forecast = self.model.forecast(view, grid)
        self.cpu_s += time.process_time() - before
        self.calls += 1
        return forecast


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--zone", required=True, type=zone_named)
    parser.add_argument("--citylearn-home", type=int, help="the file is CityLearn's: read this home of it")
    arguments = parser.parse_args()
    source = arguments.file if arguments.citylearn_home is None else citylearn(arguments.file, arguments.citylearn_home)
    file = read_measurements(source, arguments.zone)
    for finding in file.findings:
        print(finding)
    print("\n| column | ahead | forecast | n | MAE | RMSE | bias | pinball | in 5-95 % | peak | peak time |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    fits: dict[str, Fit] = {"load_kw": fit_load, "pv_kw": fit_pv}
    for column, fit in fits.items():
        if column in file.measurements.columns:
            print_scores(file.measurements, column, fit, arguments.zone)


def print_scores(measurements: Measurements, column: str, fit: Fit, zone: ZoneInfo) -> None:
    for hours in HORIZONS_H:
        forecasters: dict[str, Forecaster] = {
            "same time last week": seasonal_naive(column),
            "same time the day before": seasonal_naive(column, timedelta(days=1)),
            "Voltherm": Daily(fit, zone),
        }
        n_steps = timedelta(hours=hours) // measurements.grid.step
        scores = score_rolling(
            measurements, column, forecasters, origins=origins(measurements.grid, hours), n_steps=n_steps
        )
        for name, result in scores.items():
            print(f"| {column} | {hours} h | {name} | {row(result)} |")
    print_cost(measurements, column, Daily(fit, zone))


def print_cost(measurements: Measurements, column: str, daily: Daily) -> None:
    """Print the CPU time of a month of control: a forecast of 48 h every step."""
    grid = measurements.grid
    first = WARM_UP // grid.step
    for index in range(first, first + timedelta(days=31) // grid.step):
        view = MeasurementView(measurements, grid.time_of(index))
        daily(view, TimeGrid(view.now, grid.step, timedelta(hours=48) // grid.step))
    print(f"\n{column}: {1000 * daily.cpu_s / daily.calls:.2f} ms CPU a forecast, daily fit included\n")


def row(result: Scores) -> str:
    kw = [f"{value:.3g}" for value in (result.mae, result.rmse)] + [f"{result.bias:+.2g}"]
    doubt = (
        ["", ""] if result.pinball != result.pinball else [f"{result.pinball:.3g}", f"{100 * result.coverage:.0f} %"]
    )
    peak = [f"{result.peak_error:+.2g}", f"{result.peak_time_error_h:.1f} h"]
    return " | ".join([str(result.n_forecasts), *kw, *doubt, *peak])


def origins(grid: TimeGrid, hours: int) -> Iterator[datetime]:
    every = max(1, round(ORIGIN_EVERY / grid.step))
    last = grid.n_steps - timedelta(hours=hours) // grid.step
    return (grid.time_of(index) for index in range(WARM_UP // grid.step, last, every))


def citylearn(path: Path, home: int) -> str:
    """Return one home of a CityLearn year as a series file; its rows are wall-clock hours from 1 August 2016."""
    lines = ["time_local,load_kwh,pv_kwh,t_out_c"]
    with path.open(newline="") as text:
        for hour, cells in enumerate(csv.DictReader(text)):
            moment = datetime(2016, 8, 1) + timedelta(hours=hour)  # noqa: DTZ001 - a wall clock
            lines.append(f"{moment},{cells[f'load_kwh_{home}']},{cells[f'pv_kwh_{home}']},{cells['t_out_c']}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
