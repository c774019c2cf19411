"""How well buildings are learned: simulated houses, whose truth is known, and a measured one."""

from __future__ import annotations

import csv
import statistics
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from benchmarks.measure import machine_note, markdown_table
from tests.simulated_houses import CONTROLS, Week, measured, random_house
from voltherm.application.learn_building import LearnOptions, learn_building
from voltherm.domain.building_presets import building_of
from voltherm.domain.house import Construction, House, Insulation
from voltherm.domain.measurements import Measurements
from voltherm.domain.time import TimeGrid
from voltherm.physics.identify_result import Accepted, Refused

SEEDS = range(100, 140)
HOUSES = len(SEEDS)
"""The errors of the model and the thresholds were set with houses of lower seeds."""
LOSS_WITHIN, CAPACITY_WITHIN = 0.15, 0.25
FLEXHOUSE = Path(__file__).parent.parent / "tests" / "data" / "dtu_flexhouse_2009_02.csv"
FLEXHOUSE_PRESETS = (
    (Insulation.LOW, Construction.LIGHT),
    (Insulation.MEDIUM, Construction.MEDIUM),
    (Insulation.HIGH, Construction.HEAVY),
)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A house that was learned."""

    loss_error: float
    capacity_error: float
    holds_loss: bool
    holds_capacity: bool
    is_capacity_learned: bool
    is_accepted: bool
    preset_loss_error: float
    cpu_s: float


def report() -> str:
    """Return the tables of simulated and measured houses."""
    return f"{_simulated_table()}\n{_flexhouse_table()}"


def flexhouse() -> Measurements:
    """Return what was measured in the FlexHouse of DTU, in base units."""
    with FLEXHOUSE.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    zone = ZoneInfo("Europe/Copenhagen")
    start = datetime.fromisoformat(rows[0]["time_local"]).replace(tzinfo=zone)
    columns = {name: np.array([float(row[name]) for row in rows]) for name in ("t_in_c", "t_out_c", "heat_kw")}
    sun = 1000.0 * np.array([float(row["solar_kw_m2"]) for row in rows])
    return Measurements(TimeGrid(start, timedelta(minutes=5), len(rows)), columns | {"irradiance_w_m2": sun})


def _simulated_table() -> str:
    rows = []
    for is_like_the_model in (True, False):
        for control in CONTROLS:
            trials = [_trial(seed, control, is_like_the_model=is_like_the_model) for seed in SEEDS]
            known = [trial for trial in trials if trial is not None]
            rows.append(("as the model" if is_like_the_model else "as houses are", control, *_shares(known)))
    head = (
        "house",
        "control",
        f"loss within {LOSS_WITHIN:.0%}",
        "preset's loss so",
        "capacity learned",
        f"of these within {CAPACITY_WITHIN:.0%}",
        "95 % holds the loss",
        "holds the capacity",
        "accepted",
        "CPU s",
    )
    note = f"{HOUSES} random houses a row, one week each, data of 5 minutes; {machine_note()}.\n"
    return "\n".join(["## Learning simulated houses\n", note, markdown_table(head, rows), ""])


def _trial(seed: int, control: str, *, is_like_the_model: bool) -> Trial | None:
    rng = np.random.default_rng(seed)
    truth = random_house(rng, is_like_the_model=is_like_the_model)
    measurements, preset = measured(truth, rng, Week(control=control)), truth.preset()
    before = time.process_time()
    outcome = learn_building(measurements, preset)
    cpu_s = time.process_time() - before
    if outcome.learned is None:
        return None
    loss, capacity = (outcome.learned.estimate(f"total_{name}") for name in ("loss_kw_per_k", "capacity_kwh_per_k"))
    return Trial(
        loss_error=loss.value / truth.total_loss_kw_per_k - 1.0,
        capacity_error=capacity.value / truth.total_capacity_kwh_per_k - 1.0,
        holds_loss=loss.low <= truth.total_loss_kw_per_k <= loss.high,
        holds_capacity=capacity.low <= truth.total_capacity_kwh_per_k <= capacity.high,
        is_capacity_learned=capacity.is_learned,
        is_accepted=isinstance(outcome, Accepted),
        preset_loss_error=preset.loss_kw_per_k / truth.total_loss_kw_per_k - 1.0,
        cpu_s=cpu_s,
    )


def _shares(trials: list[Trial]) -> tuple[str, ...]:
    learned = [trial for trial in trials if trial.is_capacity_learned]
    return (
        _share([abs(trial.loss_error) <= LOSS_WITHIN for trial in trials]),
        _share([abs(trial.preset_loss_error) <= LOSS_WITHIN for trial in trials]),
        f"{len(learned)} of {HOUSES}",
        _share([abs(trial.capacity_error) <= CAPACITY_WITHIN for trial in learned]),
        _share([trial.holds_loss for trial in trials]),
        _share([trial.holds_capacity for trial in learned]),
        f"{sum(trial.is_accepted for trial in trials)} of {HOUSES}",
        f"{statistics.median(trial.cpu_s for trial in trials):.1f}",
    )


def _share(hits: list[bool]) -> str:
    return f"{100.0 * sum(hits) / len(hits):.0f} %" if hits else "-"


def _flexhouse_table() -> str:
    rows = [_flexhouse_row(insulation, construction) for insulation, construction in FLEXHOUSE_PRESETS]
    head = "preset", "free run K", "a day ahead K", "preset's K", "loss W/K", "capacity kWh/K", "verdict"
    note = "Fitted to four days, tried on the 45 h after them; RMSE.\n"
    return "\n".join(["## Learning the FlexHouse\n", note, markdown_table(head, rows), ""])


def _flexhouse_row(insulation: Insulation, construction: Construction) -> tuple[str, ...]:
    measurements = flexhouse()
    preset = building_of(House(insulation=insulation, construction=construction, floor_area_m2=120.0, volume_m3=300.0))
    options = LearnOptions(check_from=measurements.grid.start + timedelta(days=4), refits=False)
    outcome: Accepted | Refused = learn_building(measurements, preset, options=options)
    assert outcome.learned is not None
    loss, capacity = (outcome.learned.estimate(f"total_{name}") for name in ("loss_kw_per_k", "capacity_kwh_per_k"))
    why = outcome.why if isinstance(outcome, Accepted) else outcome.why[0]
    return (
        f"{insulation}, {construction}",
        f"{outcome.learned.errors.free_run_rmse_k:.2f}",
        f"{outcome.learned.errors.ahead_rmse_k:.2f}",
        why.split(" by ")[-1].split(" K")[0],
        f"{1000 * loss.value:.0f} ({1000 * loss.low:.0f} to {1000 * loss.high:.0f})",
        f"{capacity.value:.1f} ({capacity.low:.1f} to {capacity.high:.1f})",
        type(outcome).__name__.lower(),
    )
