"""What the endpoints and the metrics say of the present when the loops behind them hang."""

import math
from datetime import timedelta
from http import HTTPStatus
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.sites import battery, site_of
from tests.tariffs import demand, energy, tariff_of
from tests.unit.application.site_control.guard_bench import Bench
from voltherm.application.forecast_chain import ChainReport, ForecastRung
from voltherm.application.site_control.ladder import RunningPlan
from voltherm.domain.control import Decision, Rung
from voltherm.domain.external_forecast import ForecastKind
from voltherm.domain.time import TimeGrid
from voltherm.interfaces.api.access import Access
from voltherm.interfaces.api.mpc_view import current_dispatch
from voltherm.interfaces.api.problems import answer_errors_with_problems
from voltherm.interfaces.api.routes.mpc import mpc_router
from voltherm.interfaces.metrics.metrics import ServiceMetrics
from voltherm.interfaces.metrics.observe import observe

SITE = site_of(tariff_of(energy(1.0), demand(10.0)), battery(), import_limit_kw=100.0)


@pytest.fixture(name="bench")
async def _bench():
    bench = Bench(SITE)
    bench.meter.grid_kw = 120.0
    bench.bess["bess"].power_kw = -15.0
    await bench.look(3)
    report = ChainReport(kind=ForecastKind.LOAD, rung=ForecastRung.FRESH, age_minutes=2.0)
    bench.state.forecasts, bench.state.forecasts_s = (report,), bench.clock.monotonic_s()
    return bench


def gauges_of(bench: Bench) -> dict[str, float]:
    """Return the site's gauges, as monitoring reads them now."""
    metrics = ServiceMetrics(bench.clock.monotonic_s)
    controlled = SimpleNamespace(state=bench.state, batteries=bench.parts)
    observe(metrics, SimpleNamespace(clock=bench.clock, outside={}, sites={"site": controlled}))
    samples = [sample for family in metrics.registry.collect() for sample in family.samples]
    return {f"{each.name}:{each.labels.get('input', '')}".rstrip(":"): each.value for each in samples}


@pytest.mark.pitfall("M25")
async def test_ages_grow_while_guard_and_cycle_hang(bench):
    before = gauges_of(bench)
    bench.clock.pass_s(3600)
    after = gauges_of(bench)

    for what in ("soc", "meter", "load_forecast"):
        name = f"voltherm_input_age_seconds:{what}"
        assert after[name] - before[name] == pytest.approx(3600)


@pytest.mark.pitfall("M16")
async def test_what_was_measured_an_hour_ago_is_not_what_is_measured(bench):
    before = gauges_of(bench)
    bench.clock.pass_s(3600)
    after = gauges_of(bench)

    for name in (
        "voltherm_battery_soc_ratio",
        "voltherm_battery_measured_watts",
        "voltherm_grid_watts",
        "voltherm_grid_interval_mean_watts",
    ):
        assert not math.isnan(before[name])
        assert math.isnan(after[name])


async def test_the_ceiling_told_is_the_one_that_is_held(bench):
    assert gauges_of(bench)["voltherm_grid_interval_ceiling_watts"] == 100_000.0


@pytest.mark.pitfall("M16")
async def test_the_dispatch_tells_no_old_soc_and_no_old_power_as_of_now(bench):
    controlled = SimpleNamespace(state=bench.state, batteries=bench.parts)
    assert current_dispatch(controlled, bench.clock).measured_power_kw == -15.0

    bench.clock.pass_s(timedelta(hours=1).total_seconds())
    told = current_dispatch(controlled, bench.clock)

    assert (told.soc, told.measured_power_kw) == (None, None)
    assert told.devices["bess"].soc_age_s == pytest.approx(3600)
    assert not told.devices["bess"].is_believed


@pytest.mark.pitfall("M15")
async def test_a_plan_that_is_too_old_to_be_followed_is_not_shown_as_the_one_that_is(bench):
    grid = TimeGrid(bench.clock.now(), timedelta(minutes=15), 192)
    decision = Decision(now=grid.start, rung=Rung.FRESH_PLAN)
    running = RunningPlan(
        id="1", decision=decision, plan=SimpleNamespace(grid=grid), made_s=bench.clock.monotonic_s(), forecasts_s=0.0
    )
    bench.state.running = running
    controlled = SimpleNamespace(state=bench.state, batteries=bench.parts)
    app = FastAPI()
    app.include_router(mpc_router(SimpleNamespace(clock=bench.clock, sites={"site": controlled}), Access(None)))
    answer_errors_with_problems(app)
    bench.clock.pass_s(timedelta(hours=1).total_seconds())

    answer = TestClient(app).get("/api/mpc/full_schedule")

    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "60 min old" in answer.text
