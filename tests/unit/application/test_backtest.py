"""Backtests: no lookahead, one rule for all policies, and bills of the simulated meter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.sites import QUARTER
from voltherm.application.backtest import BacktestRequest, run_backtest
from voltherm.application.backtest_result import BacktestResult
from voltherm.application.control_step import ControlOptions
from voltherm.application.policies import PolicyName
from voltherm.application.published_prices import known_until
from voltherm.domain.assets import Battery, Load, Pv
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements, MissingDataError
from voltherm.domain.site import Connection, Site
from voltherm.domain.tariffs import Demand, Energy, Metering, Price, Tariff, When
from voltherm.domain.time import Interval, TimeGrid

ZONE = ZoneInfo("America/Costa_Rica")
START = datetime(2026, 3, 10, 6, tzinfo=UTC)
DAY = timedelta(days=1)
BATTERY = Battery(
    id="bess", capacity_kwh=100.0, charge_limit_kw=50.0, discharge_limit_kw=50.0, soc_min=0.1, wear_cost_per_kwh=1.0
)
PEAK, VALLEY, NIGHT = (
    When(windows=windows) for windows in (((600, 750), (1050, 1200)), ((360, 600), (750, 1050)), ((1200, 360),))
)
PRICES = (("peak", PEAK, 70.0, 10_154.0), ("valley", VALLEY, 26.0, 7_090.0), ("night", NIGHT, 16.0, 4_541.0))
TARIFF = Tariff(
    id="three-windows",
    currency="CRC",
    zone=ZONE,
    components=(
        *(Energy(id=f"energy_{name}", price=Price(const=price), when=when) for name, when, price, _ in PRICES),
        *(
            Demand(id=f"demand_{name}", price=Price(const=price), metering=Metering(when=when))
            for name, when, _, price in PRICES
        ),
    ),
)
SITE = Site(
    id="site",
    zone=ZONE,
    connection=Connection(import_limit_kw=200.0),
    assets=(Load(id="load"), Pv(id="roof"), BATTERY),
    tariff=TARIFF,
)
QUICK = ControlOptions(horizon=timedelta(hours=24))


def measurements(before_days=8, days=3, seed=1) -> Measurements:
    grid = TimeGrid(START - before_days * DAY, QUARTER, (before_days + days) * 96)
    hour = np.arange(grid.n_steps) / 4 % 24
    noise = np.random.default_rng(seed).normal(0.0, 3.0, grid.n_steps)
    load = 60.0 + 25.0 * np.exp(-(((hour - 18.5) / 1.5) ** 2)) + 10.0 * np.exp(-(((hour - 11) / 2) ** 2)) + noise
    sun = np.maximum(0.0, 20.0 * np.sin((hour - 6) / 12 * np.pi))
    return Measurements(grid, {"load_kw": load, "pv_kw": sun})


def request(days=2, policies=tuple(PolicyName), **changes) -> BacktestRequest:
    asked = BacktestRequest(
        site=SITE,
        measurements=measurements(),
        interval=Interval(START, START + days * DAY),
        policies=policies,
        options=QUICK,
    )
    return replace(asked, **changes)


@pytest.fixture(scope="module")
def compared() -> BacktestResult:
    return run_backtest(request())


def test_perfect_foresight_is_a_bound_for_every_policy(compared):
    best = compared.policies[PolicyName.PERFECT].costs.total

    assert all(one.costs.total >= best - 1e-6 * best for one in compared.policies.values())


def test_the_saved_share_is_one_for_perfect_foresight_and_nothing_for_none(compared):
    assert compared.saved_share(PolicyName.PERFECT) == pytest.approx(1.0)
    assert compared.saved_share(PolicyName.NONE) == 0.0


def test_the_bill_is_that_of_the_simulated_meter(compared):
    one = compared.policies[PolicyName.MPC]

    billed = SITE.tariff.bill(compared.actuals.usage(one.run.grid_kw))

    assert one.costs.bill == pytest.approx(sum(bill.total for bill in billed))
    assert sum(one.costs.by_kind.values()) == pytest.approx(one.costs.bill)


@pytest.mark.parametrize("policy", list(PolicyName))
def test_the_meter_is_load_less_sun_plus_battery(compared, policy):
    run = compared.policies[policy].run

    expected = compared.actuals.load_kw - run.pv_used_kw + run.battery_total_kw

    assert run.grid_kw == pytest.approx(expected)


def test_without_a_policy_the_battery_rests(compared):
    one = compared.policies[PolicyName.NONE]

    assert not one.run.battery_total_kw.any()
    assert one.costs.wear == one.costs.stored_energy == one.activity.full_cycles == 0.0


def test_the_simulation_of_the_perfect_plan_costs_what_the_plan_says(compared):
    one = compared.policies[PolicyName.PERFECT]

    assert "optimal" in one.notes[0]
    assert one.run.soc["bess"].min() >= BATTERY.soc_floor - 1e-6


def test_what_is_stored_at_the_end_is_valued_alike_for_all(compared):
    for one in compared.policies.values():
        stored = one.run.stored_kwh(SITE)
        worth = compared.stored_value_per_kwh * (stored[-1] - stored[0])
        assert one.costs.stored_energy == pytest.approx(worth)


def test_the_controller_decides_the_same_whatever_the_future_holds():
    calm, wild = request(days=1, policies=(PolicyName.NONE, PolicyName.MPC)), measurements()
    later = {name: values.copy() for name, values in wild.columns.items()}
    noon = 8 * 96 + 48
    later["load_kw"][noon:] += 80.0
    changed = replace(calm, measurements=Measurements(wild.grid, later))

    first, second = (run_backtest(one).policies[PolicyName.MPC].run.battery_total_kw for one in (calm, changed))

    assert first[:48] == pytest.approx(second[:48])
    assert first[48:] != pytest.approx(second[48:])


def test_without_history_the_controller_rests_until_it_knows_something_and_says_so():
    first_days = replace(request(policies=(PolicyName.NONE, PolicyName.MPC)), measurements=measurements(before_days=0))

    result = run_backtest(first_days)

    assert "no history" in result.notes[0]
    assert result.history_days == 0.0
    assert sum(result.policies[PolicyName.MPC].run.without_setpoint.values()) >= 1


def test_forecasts_are_scored_on_what_was_measured(compared):
    scores = compared.policies[PolicyName.MPC].scores

    assert scores.n_forecasts == 48
    assert 0 < scores.mae < 15


def test_the_start_is_moved_into_the_battery_band():
    result = run_backtest(request(policies=(PolicyName.NONE,), start_soc=0.0))

    assert result.start_soc == {"bess": 0.1}


def test_a_long_gap_in_the_span_ends_the_backtest_and_names_its_begin():
    holed = measurements()
    load = holed.column("load_kw").copy()
    load[8 * 96 + 20 : 8 * 96 + 30] = np.nan

    with pytest.raises(MissingDataError, match="2026-03-10T11:00"):
        run_backtest(request(measurements=Measurements(holed.grid, {**holed.columns, "load_kw": load})))


def test_a_short_gap_is_bridged_and_said():
    holed = measurements()
    load = holed.column("load_kw").copy()
    load[8 * 96 + 20] = np.nan
    asked = request(
        policies=(PolicyName.NONE,), measurements=Measurements(holed.grid, {**holed.columns, "load_kw": load})
    )

    assert "1 of 192 steps bridged" in run_backtest(asked).notes[-1]


def test_days_outside_the_data_are_refused_with_what_there_is():
    with pytest.raises(InvalidInputError, match="the data covers 2026-03-02 00:00"):
        request(days=30)


def test_the_same_request_gives_the_same_figures(compared):
    again = run_backtest(request())

    assert again.policies[PolicyName.MPC].costs == compared.policies[PolicyName.MPC].costs


def spot_request(tomorrow_per_kwh: float) -> BacktestRequest:
    tariff = Tariff(id="spot", currency="EUR", zone=ZONE, components=(Energy(id="energy", price=Price(series="spot")),))
    measured = measurements(days=2)
    price = 0.1 + 0.05 * np.sin(np.arange(measured.grid.n_steps) / 96 * 2 * np.pi)
    tomorrow = measured.grid.epoch_seconds >= known_until(START).timestamp()
    columns = {**measured.columns, "price_per_kwh": np.where(tomorrow, tomorrow_per_kwh, price)}
    return request(
        days=1,
        policies=(PolicyName.NONE, PolicyName.MPC),
        site=replace(SITE, tariff=tariff, assets=(*SITE.assets[:2], replace(BATTERY, wear_cost_per_kwh=0.001))),
        measurements=Measurements(measured.grid, columns),
    )


def test_prices_that_are_not_published_yet_move_no_decision():
    cheap, dear = (
        run_backtest(spot_request(price)).policies[PolicyName.MPC].run.battery_total_kw for price in (0.0, 0.5)
    )
    published_at = 7 * 4  # 14:00 in Brussels is 07:00 in Costa Rica

    assert cheap[:published_at] == pytest.approx(dear[:published_at])
    assert cheap[published_at:] != pytest.approx(dear[published_at:])
