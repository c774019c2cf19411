"""The chain of forecasts: fresh, last good, own, none; and why."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from tests.sites import QUARTER, ROOF, START, battery, site_of
from tests.tariffs import energy, tariff_of
from voltherm.application.forecast_chain import ForecastChain, ForecastOptions, ForecastRung
from voltherm.application.outlook import look_out
from voltherm.application.own_forecasts import OwnForecasts
from voltherm.domain.assets import Load, Pv
from voltherm.domain.external_forecast import ExternalForecast, ForecastKind, PartialSeries
from voltherm.domain.measurements import Measurements
from voltherm.domain.series import Provenance, Quality
from voltherm.domain.time import TimeGrid
from voltherm.ports.errors import Malformed, Refused, Unavailable

LOAD, SOLAR = ForecastKind.LOAD, ForecastKind.SOLAR
HOUR = timedelta(hours=1)
NOW = START + 12 * HOUR
SITE = site_of(tariff_of(energy(series="spot")), battery())
SUNNY = site_of(SITE.tariff, ROOF)
NOON = np.array([0.0] * 8 + [40.0] * 8 + [0.0] * 8)


def forecast(values=(200.0,) * 48, kind=LOAD, start=NOW, issued=NOW, fetched=NOW):
    provenance = Provenance(source="reporter", quality=Quality.FORECAST, issued_at=issued)
    grid = TimeGrid(start, HOUR, len(values))
    return ExternalForecast(kind=kind, power_kw=PartialSeries(grid, np.array(values), provenance), fetched_at=fetched)


def sun(values):
    return forecast(values, kind=SOLAR)


def history(days=7, **columns):
    grid = TimeGrid(NOW - timedelta(days=days), QUARTER, days * 96)
    return Measurements(grid, {name: np.resize(values, grid.n_steps) for name, values in columns.items()})


METERED = history(load_kw=200.0)


class Source:
    """Answers each kind as told: a forecast, or an error to raise; counts."""

    def __init__(self, **answers):
        self.answers = answers
        self.n_asked = 0

    async def fetch(self, kind):
        self.n_asked += 1
        answer = self.answers[kind.value]
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            await asyncio.sleep(3600)
        return answer


class Store:
    """Keeps forecasts in memory, unless it is told to fail."""

    def __init__(self, *kept, trouble=None):
        self.kept = {each.kind: each for each in kept}
        self.trouble = trouble

    async def save_forecast(self, site_id, forecast):
        if self.trouble:
            raise self.trouble
        self.kept[forecast.kind] = forecast

    async def last_forecast(self, site_id, kind):
        if self.trouble:
            raise self.trouble
        return self.kept.get(kind)


async def outcome_of(source, store=None, now=NOW, past=METERED, site=SITE):
    chain = ForecastChain(site, source, store or Store(), ForecastOptions(fetch_deadline_s=0.05))
    return await chain.current(now, past)


async def report_of(*arguments, **options):
    """Return the only report and what is given of the load."""
    outcome = await outcome_of(*arguments, **options)
    (report,) = outcome.reports
    return report, outcome.given.get("load")


# -- The rungs


async def test_a_good_forecast_is_given_as_it_is_and_stored():
    store = Store()
    report, load = await report_of(Source(load=forecast(issued=NOW - HOUR)), store)
    assert report.rung is ForecastRung.FRESH
    assert (report.source, report.issued_at, report.age_minutes, report.why) == ("reporter", NOW - HOUR, 60.0, "")
    assert load is store.kept[LOAD].power_kw
    assert "reaches 48.0 h ahead" in report.notes


@pytest.mark.pitfall("M11")
@pytest.mark.fault(15)
@pytest.mark.fault(16)
@pytest.mark.parametrize(
    "trouble", [Unavailable("answers 503"), Refused("check REPORTER_TOKEN"), Malformed("no JSON")], ids=str
)
async def test_without_a_fresh_one_the_last_good_one_is_given_and_says_so(trouble):
    store = Store(forecast(issued=NOW - 3.2 * HOUR))
    report, load = await report_of(Source(load=trouble), store)
    assert (report.rung, report.why) == (ForecastRung.LAST_GOOD, str(trouble))
    assert report.age_minutes == pytest.approx(192)
    assert load.provenance.note == "last good forecast, 3.2 h old"
    assert load.values.tolist() == [200.0] * 48


@pytest.mark.pitfall("M11")
@pytest.mark.fault(15)
async def test_503_all_afternoon_ends_with_the_sites_own_forecast_and_never_with_a_dummy():
    source, store = Source(load=forecast()), Store()
    chain = ForecastChain(SITE, source, store)
    await chain.current(NOW, METERED)
    source.answers["load"] = Unavailable("answers 503")
    rungs = [(await chain.current(NOW + hours * HOUR, METERED)).reports[0].rung for hours in (1, 6, 23.9, 24.1)]
    assert rungs == [ForecastRung.LAST_GOOD] * 3 + [ForecastRung.OWN]
    late = await chain.current(NOW + 25 * HOUR, METERED)
    assert not late.given
    assert "answers 503; no earlier one instead: the forecast is from" in late.reports[0].why


@pytest.mark.pitfall("M11")
async def test_without_history_and_forecast_there_is_none():
    report, load = await report_of(Source(load=Unavailable("gone")), past=None)
    assert (report.rung, load) == (ForecastRung.NONE, None)
    assert report.why == "gone; no earlier one instead: none is known"


async def test_a_history_that_holds_nothing_of_the_load_is_no_history():
    report, _ = await report_of(Source(load=Unavailable("gone")), past=history(load_kw=np.nan, grid_kw=200.0))
    assert report.rung is ForecastRung.NONE


async def test_without_a_reporter_the_site_forecasts_for_itself():
    report, load = await report_of(None)
    assert (report.rung, report.why, load) == (ForecastRung.OWN, "no reporter is configured", None)


async def test_a_source_that_does_not_answer_in_time_counts_as_gone():
    report, _ = await report_of(Source(load=None))
    assert (report.rung, report.why.split(";")[0]) == (ForecastRung.OWN, "no answer within 0.05 s")


async def test_one_kind_that_fails_does_not_hurt_the_other():
    source = Source(load=Unavailable("gone"), solar=sun(np.tile(NOON, 2)))
    outcome = await outcome_of(source, site=SUNNY, past=history(load_kw=200.0, pv_kw=np.repeat(NOON, 4)))
    assert list(outcome.given) == ["roof"]
    assert [report.rung for report in outcome.reports] == [ForecastRung.OWN, ForecastRung.FRESH]


@pytest.mark.parametrize("extra", [Load(id="oven"), Pv(id="shed")], ids=["loads", "plants"])
async def test_a_reporter_does_not_speak_for_several_loads_or_plants(extra):
    site = site_of(SITE.tariff, ROOF, extra)
    outcome = await outcome_of(Source(load=forecast(), solar=sun(np.tile(NOON, 2))), site=site, past=None)
    alone = [report for report in outcome.reports if report.rung is ForecastRung.NONE]
    assert len(outcome.given) == len(alone) == 1
    assert f"{extra.id}; a reporter speaks for a site's only one" in alone[0].why


# -- Which one is the last good one


async def test_a_good_forecast_is_kept_while_the_store_is_down():
    source, store = Source(load=forecast()), Store(trouble=Unavailable("database gone"))
    chain = ForecastChain(SITE, source, store)
    fresh = await chain.current(NOW, METERED)
    assert "not stored: database gone" in fresh.reports[0].notes
    source.answers["load"] = Unavailable("gone")
    assert (await chain.current(NOW + HOUR, METERED)).reports[0].rung is ForecastRung.LAST_GOOD


async def test_a_store_that_is_down_is_said_where_nothing_else_is_left():
    report, _ = await report_of(Source(load=Unavailable("gone")), Store(trouble=Unavailable("database gone")))
    assert report.why == "gone; no earlier one instead: the store: database gone"


@pytest.mark.fault(15)
async def test_yesterdays_file_does_not_replace_todays():
    store = Store(forecast(issued=NOW - HOUR))
    report, load = await report_of(Source(load=forecast((150.0,) * 48, issued=NOW - 20 * HOUR)), store)
    assert report.rung is ForecastRung.LAST_GOOD
    assert "older than the one known" in report.why
    assert load.values[0] == 200.0


@pytest.mark.fault(15)
async def test_a_file_that_is_too_old_or_past_is_not_given():
    old, _ = await report_of(Source(load=forecast(issued=NOW - 30 * HOUR)))
    past, _ = await report_of(Source(load=forecast((200.0,) * 12, start=START)))
    assert "30.0 h old" in old.why
    assert "which is past" in past.why
    assert old.rung is past.rung is ForecastRung.OWN


async def test_a_file_without_issue_that_begins_yesterday_is_used_and_told():
    report, _ = await report_of(Source(load=forecast(start=START - 24 * HOUR, values=(200.0,) * 168, issued=None)))
    assert report.rung is ForecastRung.FRESH
    assert any("perhaps an old file" in note for note in report.notes)


async def test_gaps_and_flat_lines_are_told():
    report, _ = await report_of(Source(load=forecast()))
    assert "the same power throughout, 200 kW" in report.notes


# -- Compared with the meter


@pytest.mark.fault(16)
@pytest.mark.parametrize(
    ("powers", "words"),
    [
        ((200_000.0,) * 48, "seems to be in W"),
        ((0.2,) * 48, "seems to be in MW"),
        ((0.0,) * 48, "zero throughout, while the meter's median is 200 kW"),
        ((1500.0,) * 48, "not of this site"),
        ((20.0,) * 48, "not of this site"),
    ],
)
async def test_a_load_that_cannot_be_of_this_site_is_refused_with_words(powers, words):
    store = Store()
    report, load = await report_of(Source(load=forecast(powers)), store)
    assert (report.rung, load, store.kept) == (ForecastRung.OWN, None, {})
    assert words in report.why


@pytest.mark.parametrize("powers", [(900.0,) * 48, (45.0,) * 48, (0.0, 200.0, 0.0, 250.0)])
async def test_a_load_that_is_only_unusual_is_taken(powers):
    report, _ = await report_of(Source(load=forecast(powers)))
    assert report.rung is ForecastRung.FRESH


async def test_a_quiet_sunday_is_not_another_unit():
    week = np.concatenate([np.full(5 * 96, 300.0), np.full(2 * 96, 20.0)])
    report, _ = await report_of(Source(load=forecast((20.0,) * 24)), past=history(load_kw=week))
    assert report.rung is ForecastRung.FRESH


@pytest.mark.fault(16)
@pytest.mark.parametrize(
    ("powers", "words"),
    [
        (np.tile(NOON, 2) * 1000, "seems to be in W"),
        (np.tile(NOON, 2) / 1000, "seems to be in MW"),
        (np.zeros(48), "zero throughout"),
    ],
)
async def test_sun_that_cannot_be_of_this_site_is_refused_with_words(powers, words):
    past = history(load_kw=200.0, pv_kw=np.repeat(NOON, 4))
    outcome = await outcome_of(Source(load=forecast(), solar=sun(powers)), site=SUNNY, past=past)
    assert list(outcome.given) == ["load"]
    assert words in outcome.reports[1].why


@pytest.mark.parametrize("powers", [np.tile(NOON, 2) / 20, np.zeros(8)], ids=["clouds", "one night"])
async def test_little_sun_is_sun(powers):
    past = history(load_kw=200.0, pv_kw=np.repeat(NOON, 4))
    outcome = await outcome_of(Source(load=forecast(), solar=sun(powers)), site=SUNNY, past=past)
    assert outcome.reports[1].rung is ForecastRung.FRESH


async def test_without_a_meter_the_connection_bounds_what_is_believed():
    watts, _ = await report_of(Source(load=forecast((200_000.0,) * 48)), past=None)
    kilowatts, _ = await report_of(Source(load=forecast()), past=None)
    assert (watts.rung, kilowatts.rung) == (ForecastRung.NONE, ForecastRung.FRESH)
    assert "the connection or plant bears 1000 kW; check its unit" in watts.why
    assert any("not compared with the meter" in note for note in kilowatts.notes)


async def test_a_stored_forecast_is_compared_too():
    report, load = await report_of(Source(load=Unavailable("gone")), Store(forecast((0.2,) * 48)))
    assert (report.rung, load) == (ForecastRung.OWN, None)
    assert "seems to be in MW" in report.why


# -- Through to the outlook, and to the log


@pytest.mark.pitfall("M11")
@pytest.mark.pitfall("M12")
@pytest.mark.fault(16)
async def test_a_bridged_last_good_forecast_still_says_so_in_the_plans_inputs():
    values = [200.0, np.nan, 200.0, 200.0]
    outcome = await outcome_of(Source(load=Unavailable("gone")), Store(forecast(values, issued=NOW - 3.2 * HOUR)))
    grid = TimeGrid(NOW, QUARTER, 16)
    free = site_of(tariff_of(energy(price=0.1)), battery())
    origin = look_out(free, None, NOW, grid, outcome.given, OwnForecasts(free)).power_kw["load"].provenance
    assert origin.quality is Quality.REPAIRED
    assert origin.note == "last good forecast, 3.2 h old; 4 steps in short gaps bridged"
    assert origin.issued_at == NOW - 3.2 * HOUR


async def test_a_rung_is_logged_once_when_it_is_reached(caplog):
    caplog.set_level(logging.INFO, "voltherm")
    source = Source(load=forecast())
    chain = ForecastChain(SITE, source, Store())
    for answer in (forecast(), forecast(), Unavailable("gone"), Unavailable("gone"), forecast()):
        source.answers["load"] = answer
        await chain.current(NOW, METERED)
    assert [(record.levelname, record.rung) for record in caplog.records] == [
        ("INFO", "fresh"),
        ("WARNING", "last_good"),
        ("INFO", "fresh"),
    ]


async def test_only_what_was_complete_by_now_is_looked_at():
    later = history(load_kw=np.concatenate([np.full(6 * 96, 200.0), np.full(96, 200_000.0)]))
    report, _ = await report_of(
        Source(load=forecast(start=NOW - 24 * HOUR, values=(200.0,) * 48)), past=later, now=NOW - 24 * HOUR
    )
    assert report.rung is ForecastRung.FRESH


@pytest.mark.pitfall("A11")
@pytest.mark.pitfall("M11")
async def test_a_demo_forecast_drives_no_real_device():
    made = forecast()
    demo = replace(
        made, power_kw=replace(made.power_kw, provenance=replace(made.power_kw.provenance, quality=Quality.DEMO))
    )
    chain = ForecastChain(SITE, Source(load=demo), Store())

    real = await chain.current(NOW, METERED)
    simulated = await chain.current(NOW, METERED, allows_demo=True)

    assert real.given == {}
    assert real.reports[0].rung is ForecastRung.OWN
    assert "demo data drives no real device" in real.reports[0].why
    assert simulated.reports[0].rung is ForecastRung.FRESH
