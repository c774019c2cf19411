import json
import math
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from voltherm.adapters.documents.plan_answer import plan_to_document, read_answer
from voltherm.adapters.documents.problem import DocumentError
from voltherm.domain.plan import (
    AssetPlan,
    Fallback,
    Feasible,
    Infeasible,
    Objective,
    Optimal,
    Plan,
    Reason,
    Timing,
    Violation,
)
from voltherm.domain.series import Provenance, Quality
from voltherm.domain.time import TimeGrid, zone_named

START = datetime(2026, 1, 15, 6, tzinfo=UTC)


@pytest.fixture
def site():
    tariff = SimpleNamespace(currency="CRC")
    return SimpleNamespace(zone=zone_named("America/Costa_Rica"), tariff=tariff, heat_pumps=())


def plan_of(outcome, *, gap=1e-9):
    return Plan(
        site_id="factory",
        made_at=START,
        grid=TimeGrid(START, timedelta(minutes=15), 2),
        outcome=outcome,
        assets={
            "load": AssetPlan(power_kw=np.array([100.0, 120.0])),
            "bess": AssetPlan(power_kw=np.array([-0.0, 1e-13]), soc=np.array([0.5, 0.5, 0.5])),
        },
        grid_power_kw=np.array([100.0, 120.0]),
        peaks_kw={"demand": 120.0},
        objective=Objective(bill=10.0, wear=1.0, violations=2.0, stored_energy=3.0),
        bill_lines={"energy": 10.0},
        certified_gap=gap,
        marginal_price_per_kwh=np.array([16.0, math.nan]),
        reasons=(Reason.IDLE, Reason.SHAVE_PEAK),
        reason_targets_kw=np.array([math.nan, 120.0]),
        limits=((), ("demand",)),
        violations=(Violation(limit="bess.soc_min", amount=2.0, unit="kWh*h", price=1.0, worst=2.0, at=START),),
        approximations=(),
        findings=(),
        provenance={
            "load": Provenance(source="meter", quality=Quality.FORECAST, issued_at=START - timedelta(minutes=90))
        },
        timing=Timing(build_ms=1.0, solve_ms=2.0, validate_ms=3.0),
    )


def answer_of(plan, site):
    return json.loads(plan_to_document(plan, site, ["one", "two"]).model_dump_json(), parse_constant=pytest.fail)


def test_an_answer_has_the_documented_fields(site):
    answer = answer_of(plan_of(Optimal()), site)

    assert answer["times"] == ["2026-01-15T00:00:00-06:00", "2026-01-15T00:15:00-06:00"]
    assert answer["assets"]["bess"] == {"power_kw": [0.0, 0.0], "soc": [0.5, 0.5, 0.5], "heat": None}
    assert answer["objective"] == {"total": 10.0, "bill": 10.0, "wear": 1.0, "violations": 2.0, "stored_energy": 3.0}
    assert answer["grid"]["peaks_kw"] == {"demand": 120.0}
    assert answer["steps"][1] == {
        "reason": "shave_peak",
        "sentence": "two",
        "target_kw": 120.0,
        "marginal_price_per_kwh": None,
        "limits": ["demand"],
    }
    assert answer["violations"][0]["cost"] == 2.0
    assert answer["violations"][0]["at"] == "2026-01-15T00:00:00-06:00"
    assert answer["provenance"]["load"]["age_minutes"] == 90
    assert answer["timing_ms"] == {"build": 1.0, "solve": 2.0, "validate": 3.0}


@pytest.mark.parametrize(
    ("outcome", "name", "gap", "why"),
    [
        (Optimal(), "optimal", None, None),
        (Feasible(gap=0.02, why="time"), "feasible", 0.02, "time"),
        (Feasible(gap=math.inf, why="time"), "feasible", None, "time"),
        (Fallback(why="no solver"), "fallback", None, "no solver"),
        (Infeasible(why="limits"), "infeasible", None, "limits"),
    ],
)
def test_an_outcome_is_a_word_with_its_detail(site, outcome, name, gap, why):
    answer = answer_of(plan_of(outcome, gap=math.inf), site)

    assert answer["outcome"] == name
    assert answer["outcome_detail"] == {"gap": gap, "why": why}
    assert answer["certified_gap"] is None


def test_an_answer_reads_back_as_it_was_written(site):
    written = plan_to_document(plan_of(Optimal()), site, ["one", "two"])

    assert read_answer(written.model_dump_json()).model_dump_json() == written.model_dump_json()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"times": []}, "times does not fit grid.steps"),
        ({"outcome": "great"}, "'optimal'"),
        ({"steps": [{}]}, "is missing"),
        ({"more": 1}, "is not a known field"),
    ],
)
def test_a_text_that_is_no_answer_is_refused(site, change, words):
    document = {**answer_of(plan_of(Optimal()), site), **change}

    with pytest.raises(DocumentError, match=words):
        read_answer(json.dumps(document))
