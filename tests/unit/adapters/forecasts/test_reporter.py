"""The reporter client against a server on loopback: paths, tokens, and every way in which a reporter fails."""

from datetime import timedelta

import numpy as np
import pytest
from pydantic import SecretStr

from tests.sites import QUARTER, battery, site_of
from tests.tariffs import energy, tariff_of
from tests.unit.adapters.forecasts.reporters import HELSINKI, LOAD, NOW, SOLAR, ours, plain
from tests.unit.adapters.transports.http_stub import answer, hang_up, serving, silence
from voltherm.adapters.forecasts.reporter import ReporterClient
from voltherm.adapters.transports.breaker import FAILURES
from voltherm.adapters.transports.http import JsonHttp
from voltherm.application.forecast_chain import ForecastChain, ForecastRung
from voltherm.domain.measurements import Measurements
from voltherm.domain.time import TimeGrid
from voltherm.ports.errors import Malformed, Refused, Unavailable


class StoppedClock:
    """A clock that stands at ``NOW``."""

    def now(self):
        return NOW


@pytest.fixture(name="reporter")
async def _reporter():
    opened = []

    def client(stub, token=None, **options):
        opened.append(JsonHttp(stub.url, token=token, timeout_s=0.5, attempts=1))
        return ReporterClient(opened[-1], zone=HELSINKI, clock=StoppedClock(), **options)

    yield client
    for http in opened:
        await http.aclose()


async def test_load_and_sun_are_asked_for_at_their_paths(reporter):
    sun = plain([1.0, 2.0], minutes=15, time="index", power="power_expected")
    async with serving(answer(plain([1.0, 2.0])), answer(sun)) as stub:
        client = reporter(stub, SecretStr("s3cret"))
        load = await client.fetch(LOAD)
        assert (load.kind, load.fetched_at, load.power_kw.grid.step) == (LOAD, NOW, timedelta(hours=1))
        assert (await client.fetch(SOLAR)).power_kw.grid.step == timedelta(minutes=15)
    paths = [head.split()[1] for head, _body in stub.requests]
    assert paths == ["/api/forecasts/load", "/api/forecasts/solar"]
    assert all("authorization: bearer s3cret" in head.lower() for head, _body in stub.requests)


async def test_a_point_is_appended_and_cannot_leave_the_path(reporter):
    async with serving(answer(plain([1.0, 2.0]))) as stub:
        await reporter(stub, point="poi_1").fetch(LOAD)
        await reporter(stub, point="../x?y").fetch(LOAD)
    paths = [head.split()[1] for head, _body in stub.requests]
    assert paths == ["/api/forecasts/load/poi_1", "/api/forecasts/load/..%2Fx%3Fy"]


@pytest.mark.fault(16)
async def test_nan_as_programs_of_the_field_write_it_is_a_gap(reporter):
    rows = b'[{"ds": "2026-03-10T00:00:00", "hourly_power": NaN}, {"ds": "2026-03-10T01:00:00", "hourly_power": 2.0}]'
    async with serving(answer(rows)) as stub:
        forecast = await reporter(stub).fetch(LOAD)
    assert forecast.power_kw.values == pytest.approx([float("nan"), 2.0], nan_ok=True)


@pytest.mark.fault(15)
@pytest.mark.fault(16)
@pytest.mark.parametrize(
    ("said", "error"),
    [
        (answer(status=503), Unavailable),
        (silence, Unavailable),
        (hang_up, Unavailable),
        (answer(status=401), Refused),
        (answer(status=404), Refused),
        (answer([]), Malformed),
        (answer({"detail": "no model yet"}), Malformed),
        (answer(b"<html>"), Malformed),
        (answer(ours([1e6, 1e6])), Malformed),
        (answer(ours([None, None])), Malformed),
        (answer(ours([1.0] * 4, resolution_minutes=15)), Malformed),
    ],
    ids=["503", "silent", "breaks off", "401", "404", "missing", "error", "html", "absurd", "empty", "hourly"],
)
async def test_every_failure_of_a_reporter_has_its_name(reporter, said, error):
    async with serving(said) as stub:
        with pytest.raises(error):
            await reporter(stub).fetch(LOAD)


class Kept:
    """A store of forecasts in memory."""

    def __init__(self):
        self.last = None

    async def save_forecast(self, site_id, forecast):
        self.last = forecast

    async def last_forecast(self, site_id, kind):
        return self.last


@pytest.mark.pitfall("M11")
@pytest.mark.fault(15)
async def test_a_reporter_that_is_down_all_afternoon_is_bridged_by_its_last_good_forecast_and_not_stormed(reporter):
    site = site_of(tariff_of(energy(0.1)), battery())
    grid = TimeGrid(NOW - timedelta(days=7), QUARTER, 8 * 96)
    metered = Measurements(grid, {"load_kw": np.full(grid.n_steps, 200.0)})
    async with serving(answer(ours([200.0] * 48)), answer(status=503)) as stub:
        chain = ForecastChain(site, reporter(stub), Kept())
        outcomes = [await chain.current(NOW + at * QUARTER, metered) for at in range(97)]
        n_asked = len(stub.requests)
        stub.say(answer(ours([210.0] * 48, start=NOW + timedelta(hours=1))))
        recovered = await ForecastChain(site, reporter(stub), Kept()).current(NOW + timedelta(hours=1), metered)
    rungs = [outcome.reports[0].rung for outcome in outcomes]
    assert rungs == [ForecastRung.FRESH] + [ForecastRung.LAST_GOOD] * 96
    assert outcomes[-1].given["load"].provenance.note.startswith("last good forecast, 24.0 h old")
    assert n_asked == 1 + FAILURES
    assert recovered.reports[0].rung is ForecastRung.FRESH
