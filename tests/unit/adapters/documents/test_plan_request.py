import copy
import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherm.adapters.documents.plan_request import read_request, request_from_document
from voltherm.adapters.documents.problem import DocumentError
from voltherm.domain.plan import Terminal
from voltherm.domain.series import Quality
from voltherm.interfaces.api.examples import PLAN_REQUESTS

REMOVED = object()


def request(*changes):
    """The demand example with changes, each a path (dots and numbers) and a value."""
    document = copy.deepcopy(PLAN_REQUESTS["demand"]["value"])
    for path, value in changes:
        *parents, last = (int(part) if part.isdecimal() else part for part in path.split("/"))
        place = document
        for part in parents:
            place = place.setdefault(part, {}) if isinstance(place, dict) else place[part]
        if value is REMOVED:
            del place[last]
        else:
            place[last] = value
    return document


def problems_of(document):
    with pytest.raises(DocumentError) as caught:
        request_from_document(document)
    return {problem.field: problem for problem in caught.value.problems}


def test_a_request_becomes_a_site_and_inputs():
    asked = request_from_document(request())

    assert asked.site.id == "factory"
    assert asked.inputs.now == datetime(2026, 1, 15, 12, tzinfo=UTC)
    assert asked.inputs.grid.n_steps == 16
    assert asked.inputs.states["bess"].soc == 0.5
    assert asked.inputs.options.terminal is Terminal.AT_LEAST_START
    assert asked.inputs.power_kw["roof"].provenance.source == "yesterday"
    assert asked.site.batteries[0].charge_efficiency == pytest.approx(0.9**0.5)


def test_efficiencies_each_way_are_taken_as_they_are():
    asked = request_from_document(
        request(
            ("site/assets/2/round_trip_efficiency", REMOVED),
            ("site/assets/2/charge_efficiency", 0.98),
            ("site/assets/2/discharge_efficiency", 0.91),
        )
    )

    assert asked.site.batteries[0].charge_efficiency == 0.98
    assert asked.site.batteries[0].discharge_efficiency == 0.91


BAD = [
    pytest.param("now", "2026-01-15T06:00:00", "now", "has no time zone", marks=pytest.mark.pitfall("M7")),
    pytest.param("grid/start", "2026-01-15 06:00", "grid.start", "has no time zone", marks=pytest.mark.pitfall("M7")),
    pytest.param(
        "forecasts/load/issued_at",
        "2026-01-15T05:00",
        "forecasts.load.issued_at",
        "has no time zone",
        marks=pytest.mark.pitfall("M7"),
    ),
    ("now", "yesterday", "now", "is not an ISO 8601 time"),
    ("now", 1768456800, "now", "is not a time in a text"),
    ("now", "0001-01-01T00:00:00+14:00", "now", "is not in the years"),
    ("now", REMOVED, "now", "is missing"),
    ("grid/step_minutes", 7, "grid.step_minutes", "must divide an hour"),
    ("grid/steps", 1_000_000, "grid.steps", "at most 5000"),
    ("grid/steps", 0, "grid.steps", "at least 1"),
    ("grid/start", "2199-12-31T23:00:00Z", "grid.start", "is no instant to plan from"),
    ("state/bess/soc", 55, "state.bess.soc", "at most 1"),
    ("state/bess/soc", float("nan"), "state.bess.soc", "finite"),
    ("state/bess", REMOVED, "state.bess", "is missing"),
    ("state/other", {"soc": 0.5}, "state.other", "is no battery"),
    ("state/bess/charge_limit_kw", [1.0, 2.0], "state.bess.charge_limit_kw", "has 2 values"),
    ("state/bess/charge_limit_kw", -1, "state.bess.charge_limit_kw", "is not between 0"),
    ("state/bess/discharge_limit_kw", [-1] * 16, "state.bess.discharge_limit_kw[0]", "is below 0"),
    ("reached_peaks_kw/demand_nope", 3, "reached_peaks_kw.demand_nope", "is no demand component"),
    ("reached_peaks_kw/demand_noon", -3, "reached_peaks_kw.demand_noon", "is not between 0"),
    ("options/peak_targets_kw", {"demand_nope": 1}, "options.peak_targets_kw.demand_nope", "is no demand component"),
    ("options/terminal", "empty", "options.terminal", "'free'"),
    ("options/solve_limit_s", 1e9, "options.solve_limit_s", "at most"),
    ("forecasts/load", REMOVED, "forecasts.load", "is missing"),
    ("forecasts/cellar", {"power_kw": [1.0] * 16}, "forecasts.cellar", "is no load or PV plant"),
    ("forecasts/load/power_kw", [1.0] * 15, "forecasts.load.power_kw", "has 15 values"),
    ("forecasts/load/power_kw", [], "forecasts.load.power_kw", "has 0 values"),
    ("forecasts/load/power_kw", "1,2,3", "forecasts.load.power_kw", "is not a list of numbers"),
    ("forecasts/load/power_kw/3", "12", "forecasts.load.power_kw[3]", "is not a number"),
    ("forecasts/load/power_kw/3", True, "forecasts.load.power_kw[3]", "is not a number"),
    ("forecasts/load/power_kw/3", float("nan"), "forecasts.load.power_kw[3]", "is not a finite number"),
    ("forecasts/load/power_kw/3", float("-inf"), "forecasts.load.power_kw[3]", "is not a finite number"),
    ("forecasts/load/power_kw/3", 1e12, "forecasts.load.power_kw[3]", "is beyond"),
    ("forecasts/load/power_kw/3", 10**400, "forecasts.load.power_kw[3]", "is beyond"),
    ("forecasts/load/power_kw/0", None, "forecasts.load.power_kw", "misses 1 values"),
    ("forecasts/load/power_kw", [None] * 16, "forecasts.load.power_kw", "misses 16 values"),
    ("forecasts/roof/power_kw/5", -0.5, "forecasts.roof.power_kw[5]", "is a negative PV power"),
    ("forecasts/load/start", "2026-01-15T06:15:00-06:00", "forecasts.load.power_kw", "covers"),
    ("forecasts/load/step_minutes", 11, "forecasts.load.power_kw", "must divide an hour"),
    ("forecasts/load/unit", "MW", "forecasts.load.unit", "is not a known field"),
    ("prices/spot", {"price_per_kwh": [1.0] * 16}, "prices.spot", "is no price series"),
    ("ledgr", {}, "ledgr", "is not a known field"),
    ("site/colour", "red", "site.colour", "is not a known field"),
    ("site/zone", "Costa Rica", "site.zone", "is not in the IANA time zone database"),
    ("site/zone", "../../etc/passwd", "site.zone", "is not in the IANA time zone database"),
    ("site/connection/import_limit_kw", -1, "site.connection.import_limit_kw", "at least 0"),
    ("site/assets", [], "site.assets", "at least 1 item"),
    ("site/assets/1/id", "load", "site.assets[1].id", "is used twice"),
    ("site/assets/1/kind", "wind", "site.assets[1]", "wind"),
    ("site/assets/1/kind", REMOVED, "site.assets[1]", "does not say its kind"),
    ("site/assets/1/id", "\u001b[31mred", "site.assets[1].id", "pattern"),
    ("site/assets/2/charge_efficiency", 0.9, "site.assets[2]", "gives the efficiency neither"),
    ("site/tariff", {"library": "no-such-tariff"}, "site.tariff.library", "has no such tariff"),
    ("site/tariff", "tariff.yaml", "site.tariff", "is not a tariff"),
    ("site/tariff", REMOVED, "site.tariff", "is missing"),
    ("site", 7, "site", "is not an object"),
    pytest.param(
        "site/assets/2/capacity_kwh",
        -5,
        "site.assets[2].capacity_kwh",
        "above 0",
        marks=pytest.mark.pitfall("M28"),
    ),
    pytest.param(
        "site/assets/2/round_trip_efficiency",
        1.2,
        "site.assets[2].round_trip_efficiency",
        "at most 1",
        marks=pytest.mark.pitfall("M28"),
    ),
    pytest.param("site/assets/2/soc_min", 0.95, "site.assets[2]", "soc_max is 0.9", marks=pytest.mark.pitfall("M28")),
    pytest.param(
        "site/assets/2/soc_max",
        90,
        "site.assets[2].soc_max",
        "at most 1",
        marks=pytest.mark.pitfall("M28"),
    ),
]


@pytest.mark.parametrize(("path", "value", "field", "words"), BAD)
def test_a_bad_value_is_refused_with_field_and_remedy(path, value, field, words):
    problems = problems_of(request((path, value)))

    assert field in problems
    assert words in problems[field].problem
    assert problems[field].remedy


def test_all_problems_are_told_at_once():
    problems = problems_of(
        request(
            ("now", "2026-01-15T06:00:00"),
            ("site/assets/2/capacity_kwh", -5),
            ("site/tariff/components/0/price_per_kwh", "cheap"),
            ("forecasts/load/power_kw", "none"),
            ("state/bess/soc", 55),
            ("grid/steps", 0),
            ("surprise", 1),
        )
    )

    wanted = {"now", "site.assets[2].capacity_kwh", "forecasts.load.power_kw", "state.bess.soc", "grid.steps"}
    assert wanted | {"surprise"} <= set(problems)
    assert any(field.startswith("site.tariff") for field in problems)


def test_a_missing_price_series_is_named():
    problems = problems_of(
        request(("site/tariff", {"library": "finland-spot"}), ("reached_peaks_kw", {}), ("prices", {}))
    )

    assert any(field.startswith("prices.") and found.problem == "is missing" for field, found in problems.items())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"now": "\\ud800"}', "is not JSON"),
        (b"[]", "is not an object"),
        (b"null", "is not an object"),
    ],
)
def test_a_text_that_is_no_request_is_refused(text, words):
    with pytest.raises(DocumentError, match=words):
        read_request(text)


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e400", "1" * 400])
def test_numbers_that_are_none_are_refused_with_their_place(literal):
    text = json.dumps(request(("forecasts/load/power_kw/2", 424242))).replace("424242", literal)

    with pytest.raises(DocumentError) as caught:
        read_request(text)

    assert caught.value.problems[0].field == "forecasts.load.power_kw[2]"
    json.dumps(caught.value.problems[0].value, allow_nan=False)


@pytest.mark.pitfall("M12")
def test_a_short_gap_is_bridged_and_marked():
    asked = request_from_document(request(("forecasts/load/power_kw", [10.0, None, None, 40.0] + [1.0] * 12)))

    load = asked.inputs.power_kw["load"]
    assert load.values[:4].tolist() == [10.0, 25.0, 25.0, 40.0]
    assert load.provenance.quality is Quality.REPAIRED
    assert "2 of 16" in load.provenance.note


@pytest.mark.pitfall("M8")
def test_a_series_is_joined_by_time_whatever_its_offset():
    hourly = {"start": "2026-01-15T12:00:00+01:00", "step_minutes": 60, "power_kw": [1, 2, 3, 4, 5, 6, 7]}

    asked = request_from_document(request(("forecasts/load", hourly)))

    # 12:00+01:00 is 05:00 in Costa Rica, an hour before the grid begins.
    assert asked.inputs.power_kw["load"].values.tolist() == [2.0] * 4 + [3.0] * 4 + [4.0] * 4 + [5.0] * 4


@given(
    values=st.lists(st.floats(0, 1000), min_size=60, max_size=60),
    step_minutes=st.sampled_from([5, 10, 15, 20, 30, 60]),
    lead_minutes=st.integers(0, 55),
)
def test_a_join_keeps_the_energy_of_every_common_hour(values, step_minutes, lead_minutes):
    start = datetime(2026, 1, 15, 11, 60 - lead_minutes - 1, tzinfo=UTC)
    own = {"start": start.isoformat(), "step_minutes": step_minutes, "power_kw": values}

    asked = request_from_document(
        request(("forecasts/load", own), ("grid/steps", 4), ("forecasts/roof/power_kw", [0.0] * 4))
    )

    joined = asked.inputs.power_kw["load"]
    minutes = np.repeat(values, step_minutes)
    lead = int((asked.inputs.grid.start - start).total_seconds() // 60)
    assert joined.values.sum() * 15 == pytest.approx(minutes[lead : lead + 60].sum())


def test_prices_per_mwh_become_prices_per_kwh():
    asked = request_from_document(
        request(
            ("site/tariff", {"library": "finland-spot"}),
            ("site/zone", "Europe/Helsinki"),
            ("reached_peaks_kw", {}),
            ("prices", {"fi_spot": {"price_eur_per_mwh": [85.0] * 16, "source": "exchange", "quality": "measured"}}),
        )
    )

    assert asked.inputs.prices["fi_spot"].values.tolist() == pytest.approx([0.085] * 16)
    assert asked.inputs.prices["fi_spot"].provenance.quality is Quality.MEASURED


def test_limits_of_now_are_a_number_or_one_a_step():
    asked = request_from_document(
        request(("state/bess/charge_limit_kw", 100), ("state/bess/discharge_limit_kw", [50.0] * 16))
    )

    state = asked.inputs.states["bess"]
    assert state.charge_limit_kw == 100
    assert np.array_equal(state.discharge_limit_kw, [50.0] * 16)
