"""The running step is planned with what is left of it."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from tests.sites import QUARTER, START, battery, site_of
from tests.tariffs import demand, energy, tariff_of
from voltherm.application.decide_site import ControlOptions, DecisionJob, decide_job
from voltherm.application.site_memory import BatteryNow, SiteMemory
from voltherm.domain.assets import Pv
from voltherm.domain.control import Rung
from voltherm.domain.external_forecast import PartialSeries
from voltherm.domain.series import Provenance, Quality, Series
from voltherm.domain.tariffs import Tariff
from voltherm.domain.tariffs.windows import When
from voltherm.domain.time import TimeGrid

DAY = TimeGrid(START, QUARTER, 96)
OPTIONS = ControlOptions(horizon=timedelta(hours=24))


def tariff_with_peak() -> Tariff:
    return tariff_of(energy(1.0), demand(100.0))


def decide(site, memory, minutes, forecasts):
    now = START + timedelta(minutes=minutes)
    return decide_job(DecisionJob(site=site, memory=memory, now=now, forecasts=forecasts, options=OPTIONS))


def memory_of(soc: float, **more) -> SiteMemory:
    return SiteMemory(batteries={"bess": BatteryNow(at=START, soc=soc)}, **more)


def load(values) -> dict[str, Series]:
    return {"load": Series(DAY, np.broadcast_to(np.asarray(values, dtype=float), 96).copy())}


@pytest.mark.pitfall("M10")
def test_the_metered_part_of_the_running_step_counts_in_its_mean():
    site = site_of(tariff_with_peak(), battery())
    memory = memory_of(0.5, mean_so_far_kw=40.0)

    decided = decide(site, memory, 10, load(70.0))

    plan = decided.decision.plan
    power = plan.assets["bess"].power_kw[0]
    assert plan.grid.start == START
    assert plan.grid_power_kw[0] == pytest.approx(40.0 * 2 / 3 + 70.0 / 3 + power)


@pytest.mark.pitfall("M10")
def test_the_command_is_the_planned_energy_over_what_is_left_of_the_step():
    site = site_of(tariff_with_peak(), battery())
    memory = memory_of(0.5, mean_so_far_kw=40.0)

    decided = decide(site, memory, 10, load([90.0, *[10.0] * 95]))

    mean_kw = decided.decision.plan.assets["bess"].power_kw[0]
    command = decided.decision.commands[0]
    assert mean_kw < -1.0
    assert command.power_kw == pytest.approx(3 * mean_kw)
    assert abs(command.power_kw) <= 50.0 + 1e-6


@pytest.mark.pitfall("M10")
def test_at_the_begin_of_a_step_nothing_is_partial():
    site = site_of(tariff_with_peak(), battery())

    whole = decide(site, memory_of(0.5), 0, load(70.0))
    begun = decide(site, memory_of(0.5, mean_so_far_kw=999.0), 0, load(70.0))

    assert np.array_equal(whole.decision.plan.grid_power_kw, begun.decision.plan.grid_power_kw)


def test_sun_that_has_passed_is_not_planned_again():
    site = site_of(tariff_with_peak(), battery(), Pv(id="roof"))
    sun = {"roof": Series(DAY, np.full(96, 30.0))}

    decided = decide(site, memory_of(0.5, mean_so_far_kw=20.0), 12, {**load(40.0), **sun})

    available = decided.inputs.power_kw["roof"].values
    assert available[0] == pytest.approx(30.0 * 0.2)
    assert available[1] == 30.0
    assert "80% of it metered" in decided.inputs.power_kw["roof"].provenance.note


def test_limits_of_now_hold_for_an_hour_and_the_rating_after_it():
    site = site_of(tariff_of(energy(1.0)), battery())
    memory = SiteMemory(batteries={"bess": BatteryNow(at=START, soc=0.5, charge_limit_kw=10.0, discharge_limit_kw=0.0)})

    decided = decide(site, memory, 0, load(20.0))

    state = decided.inputs.states["bess"]
    assert state.charge_limit_kw[:5].tolist() == [10.0] * 4 + [50.0]
    assert state.discharge_limit_kw[:5].tolist() == [0.0] * 4 + [50.0]


@pytest.mark.pitfall("M12")
def test_forecasts_that_end_early_shorten_the_horizon_and_no_history_is_invented():
    site = site_of(tariff_of(energy(1.0)), battery())
    short = PartialSeries(
        DAY, np.where(np.arange(96) < 40, 20.0, np.nan), Provenance(source="x", quality=Quality.FORECAST)
    )

    decided = decide(site, memory_of(0.5), 0, {"load": short})

    assert decided.decision.rung is Rung.FRESH_PLAN
    assert decided.decision.plan.grid.n_steps == 40


@pytest.mark.pitfall("M11")
def test_without_any_forecast_or_history_there_is_no_setpoint():
    site = site_of(tariff_of(energy(1.0)), battery())

    decided = decide(site, memory_of(0.5), 0, {})

    assert decided.decision.rung is Rung.NO_SETPOINT
    assert "no forecast is given" in decided.decision.why
    assert decided.decision.commands == ()


def test_a_decision_is_the_same_each_time():
    site = site_of(tariff_with_peak(), battery())
    memory = replace(memory_of(0.37), mean_so_far_kw=33.3)

    first, second = (decide(site, memory, 7, load(np.linspace(10, 90, 96))) for _ in range(2))

    assert np.array_equal(first.decision.plan.assets["bess"].power_kw, second.decision.plan.assets["bess"].power_kw)


@pytest.mark.pitfall("M10")
def test_charging_of_a_whole_step_is_not_hurried_into_its_last_minutes():
    cheap_now = tariff_of(
        energy(1.0, name="day", when=When(windows=((15, 1440),))),
        energy(0.1, name="dawn", when=When(windows=((0, 15),))),
    )
    site = site_of(cheap_now, battery())
    memory = memory_of(0.5, mean_so_far_kw=20.0)

    decided = decide(site, memory, 13, load(20.0))

    planned = decided.decision.plan.assets["bess"].power_kw
    assert planned[0] > 1.0
    assert decided.decision.commands[0].power_kw == pytest.approx(max(planned[0], planned[1]))
