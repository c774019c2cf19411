"""Scores of the price forecast beyond the published prices: `python -m benchmarks.prices FILE.csv ...`.

Every day at 14:00 Central European time, when the prices of tomorrow are published, the day after tomorrow and the
next one are forecast; each forecaster sees the prices published until then. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.application.published_prices import MARKET_ZONE, known_prices, known_until
from voltherm.domain.measurements import Measurements, MeasurementView
from voltherm.domain.series import Provenance, Quality, Series
from voltherm.domain.time import TimeGrid
from voltherm.forecasting import forecast_price
from voltherm.forecasting.intraday import PROBABILITIES
from voltherm.forecasting.price_known import Ahead
from voltherm.forecasting.scores import pinball_loss

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PRICE = "price_per_kwh"
MONTHS = {"Jan-Mar": (1, 2, 3), "Oct-Dec": (10, 11, 12)}
ERRORS_OF_DAYS = 28
"""The rivals' quantiles are their own errors of so many days; before there are seven of them they are not scored."""

Array = NDArray[np.float64]
Rival = Callable[[Array], Array]
"""Gives 48 hours from the hours before them."""


def last_day(past: Array) -> Array:
    return np.tile(past[-24:], 2)


def last_week(past: Array) -> Array:
    return past[-168:-120]


def mean_of_week(past: Array) -> Array:
    return np.tile(past[-168:].reshape(7, 24).mean(axis=0), 2)


RIVALS: Mapping[str, Rival] = {
    "the last day again": last_day,
    "same hour last week": last_week,
    "mean day of the last week": mean_of_week,
}


@dataclass
class Made:
    """Forecasts of one method and what came, a row a day."""

    days: list[date] = field(default_factory=list)
    mean: list[Array] = field(default_factory=list)
    quantiles: list[Array] = field(default_factory=list)
    truth: list[Array] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--zone", default="Europe/Helsinki", type=ZoneInfo)
    arguments = parser.parse_args()
    print("\n| price | months | hours beyond | forecast | n | MAE | median's MAE | RMSE | pinball | in 5-95 % |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    cpu_ms: list[float] = []
    for file in arguments.files:
        for name, table in tables(file).items():
            made = rivals(table) | voltherm(table, arguments.zone, cpu_ms)
            for months, numbers in MONTHS.items():
                for part in (slice(0, 24), slice(24, 48)):
                    for method, result in made.items():
                        told = row(result, numbers, part)
                        print(f"| {name} | {months} | {part.start}-{part.stop} | {method} | {told} |")
    print(f"\nCPU time of fit and forecast: median {np.median(cpu_ms):.1f} ms, most {max(cpu_ms):.1f} ms")


def tables(path: Path) -> dict[str, Measurements]:
    """Return each price of a file in hours of UTC, in EUR/kWh, with Helsinki's weather and Finland's wind if there."""
    with path.open(newline="") as text:
        rows = list(csv.DictReader(text))
    start = datetime.fromisoformat(rows[0]["time_utc"]).astimezone(UTC)
    grid = TimeGrid(start, HOUR, len(rows))
    assert datetime.fromisoformat(rows[-1]["time_utc"]) == grid.time_of(len(rows) - 1)
    weather = {"t_helsinki_c": ("t_out_c", 1.0), "wind_power_fi_mw": ("wind_kw", 1000.0)}
    more = {ours: numbers(rows, theirs) * by for theirs, (ours, by) in weather.items() if theirs in rows[0]}
    prices = [name for name in rows[0] if name.endswith("_eur_per_mwh")]
    label = {"price_eur_per_mwh": "FI", "se3_eur_per_mwh": "SE3", "se4_eur_per_mwh": "SE4"}
    return {label[name]: Measurements(grid, {PRICE: numbers(rows, name) / 1000.0, **more}) for name in prices}


def numbers(rows: list[dict[str, str]], name: str) -> Array:
    return np.array([float(row[name]) if row[name] else np.nan for row in rows])


def published(table: Measurements, now: datetime) -> Series:
    """Return the prices of the running and the next market day, published at ``now``."""
    filled = table.bridged()
    return known_prices({"spot": Series(table.grid, filled.column(PRICE))}, now)["spot"]


def origins(table: Measurements) -> list[tuple[date, datetime, int]]:
    """Return day, instant of publication and index of the first hour that is not published."""
    found = []
    day = table.grid.start.astimezone(MARKET_ZONE).date() + DAY
    while True:
        now = datetime(day.year, day.month, day.day, 14, tzinfo=MARKET_ZONE).astimezone(UTC)
        first = (known_until(now) - table.grid.start) // HOUR
        if first + 48 > table.grid.n_steps:
            return found
        if first >= 168:
            found.append((day, now, first))
        day += DAY


def rivals(table: Measurements) -> dict[str, Made]:
    price = table.bridged().column(PRICE)
    result = {name: Made() for name in RIVALS}
    for name, rival in RIVALS.items():
        errors: list[tuple[int, Array]] = []
        for day, _, first in origins(table):
            ahead = rival(price[:first])
            done = [error for end, error in errors if end <= first][-ERRORS_OF_DAYS:]
            errors.append((first + 48, price[first : first + 48] - ahead))
            if len(done) >= 7:
                halves = np.stack(done).reshape(-1, 2, 24)
                spread = np.quantile(halves, PROBABILITIES, axis=(0, 2))
                keep(result[name], day, ahead, ahead + np.repeat(spread, 24, axis=1), price[first : first + 48])
    return result


def voltherm(table: Measurements, zone: ZoneInfo, cpu_ms: list[float]) -> dict[str, Made]:
    price = table.bridged().column(PRICE)
    variants = ["Voltherm, prices only"]
    if "wind_kw" in table.columns:
        variants += ["Voltherm, temperature as it came", "Voltherm, wind and temperature as they came"]
    result = {name: Made() for name in variants}
    scored = set(next(iter(rivals(table).values())).days)
    for day, now, first in origins(table):
        if day not in scored:
            continue
        view = MeasurementView(table, now)
        grid = TimeGrid(table.grid.time_of(first), HOUR, 48)
        for name, wanted in zip(variants, ((), ("t_out_c",), ("wind_kw", "t_out_c")), strict=False):
            weather = {each: as_it_came(table, each, now) for each in wanted}
            ahead = Ahead(published=published(table, now), weather=weather)
            before = time.process_time()
            forecast = forecast_price(view, grid, zone, ahead=ahead)
            cpu_ms.append(1000 * (time.process_time() - before))
            spread = np.stack([forecast.quantiles[p] for p in PROBABILITIES])
            keep(result[name], day, forecast.mean.values, spread, price[first : first + 48])
    return result


def as_it_came(table: Measurements, name: str, now: datetime) -> Series:
    """Return the weather that came, called a forecast: none is so good, so this bounds what weather can give."""
    first = (now - table.grid.start) // HOUR
    origin = Provenance(source="perfect forecast", quality=Quality.FORECAST, issued_at=now)
    n_hours = min(96, table.grid.n_steps - first)
    values = table.bridged(timedelta(hours=24)).column(name)[first : first + n_hours]
    return Series(table.grid.part(first, n_hours), values, origin)


def keep(made: Made, day: date, mean: Array, quantiles: Array, truth: Array) -> None:
    made.days.append(day)
    made.mean.append(mean)
    made.quantiles.append(quantiles)
    made.truth.append(truth)


def row(made: Made, months: tuple[int, ...], part: slice) -> str:
    chosen = [index for index, day in enumerate(made.days) if day.month in months]
    mean, truth = (1000 * np.stack([rows[index][part] for index in chosen]) for rows in (made.mean, made.truth))
    quantiles = 1000 * np.stack([made.quantiles[index][:, part] for index in chosen], axis=1)
    loss = np.mean([pinball_loss(truth, values, p) for p, values in zip(PROBABILITIES, quantiles, strict=True)])
    inside = np.mean((truth >= quantiles[0]) & (truth <= quantiles[-1]))
    error, apart = mean - truth, quantiles[len(PROBABILITIES) // 2] - truth
    figures = (np.abs(error).mean(), np.abs(apart).mean(), np.sqrt(np.square(error).mean()), loss)
    return " | ".join([str(len(chosen)), *(f"{figure:.2f}" for figure in figures), f"{100 * inside:.0f} %"])


if __name__ == "__main__":
    main()
