from datetime import datetime, timedelta

import pytest

from voltherm.adapters.documents.plan_answer import PlanAnswerDocument
from voltherm.domain.plan import Reason
from voltherm.interfaces.explanation import episodes, explanation


def answer_from(start, reasons, *, zone="America/Costa_Rica", power_kw=-180.0, target_kw=212.04):
    begin = datetime.fromisoformat(start)
    n = len(reasons)
    steps = [
        {
            "reason": reason,
            "sentence": "",
            "target_kw": target_kw if reason is Reason.SHAVE_PEAK else None,
            "marginal_price_per_kwh": 70.0,
            "limits": ["peak-window"],
        }
        for reason in reasons
    ]
    return PlanAnswerDocument.model_validate(
        {
            "site": "factory",
            "made_at": start,
            "currency": "CRC",
            "outcome": "optimal",
            "outcome_detail": {"gap": None, "why": None},
            "times": [begin + index * timedelta(minutes=30) for index in range(n)],
            "units": {},
            "assets": {"bess": {"power_kw": [power_kw] * n, "soc": [0.5] * (n + 1)}},
            "grid": {
                "start": start,
                "step_minutes": 30,
                "steps": n,
                "zone": zone,
                "power_kw": [212.0] * n,
                "peaks_kw": {"peak-window": 212.0},
            },
            "objective": {"total": 3199584.0, "bill": 3199584.0, "wear": 0.0, "violations": 0.0, "stored_energy": 0.0},
            "bill_lines": {"energy_peak": 100.0},
            "certified_gap": 1e-9,
            "steps": steps,
            "violations": [
                {"limit": "bess.soc_min", "amount": 2, "unit": "kWh*h", "price": 1, "cost": 2, "worst": 1, "at": start}
            ],
            "approximations": ["the third-largest hour is planned as the largest"],
            "findings": [],
            "provenance": {},
            "timing_ms": {"build": 1, "solve": 1, "validate": 1},
        }
    )


def test_steps_with_one_reason_are_told_as_one():
    text = explanation(answer_from("2026-01-15T14:00:00-06:00", [Reason.SHAVE_PEAK] * 5))

    assert "14:00-16:30 discharges 180 kW: the peak-window target is 212 kW" in text.splitlines()
    assert "3,199,584.00 CRC" in text
    assert "Breaks bess.soc_min by 2 kWh*h" in text
    assert "Approximation: the third-largest hour" in text


def test_another_reason_or_another_day_begins_another_episode():
    told = episodes(answer_from("2026-01-15T23:00:00-06:00", [Reason.SHAVE_PEAK] * 3 + [Reason.DISCHARGE_DEAR]))

    assert [(episode.first, episode.last) for episode in told] == [(0, 2), (2, 3), (3, 4)]


@pytest.mark.parametrize("start", ["2025-10-26T02:00:00+03:00", "2025-03-30T02:00:00+02:00"])
def test_where_the_clocks_change_times_carry_their_offset(start):
    reasons = [Reason.IDLE, Reason.HOLD] * 3
    told = explanation(answer_from(start, reasons, zone="Europe/Helsinki", power_kw=0.0))

    rows = [line for line in told.splitlines() if ": what is stored" in line or ": nothing to gain" in line]
    assert len({row.split()[0] for row in rows}) == 6
    assert "+0200" in told
    assert "+0300" in told


def test_a_page_is_at_most_80_columns_wide():
    told = explanation(answer_from("2026-01-15T14:00:00-06:00", list(Reason)))

    assert max(map(len, told.splitlines())) <= 80


def test_charging_for_a_peak_names_the_peak_that_comes():
    answer = answer_from("2026-01-15T14:00:00-06:00", [Reason.CHARGE_FOR_PEAK, Reason.SHAVE_PEAK])

    assert [episode.facts.target_name for episode in episodes(answer)] == ["peak-window", "peak-window"]
