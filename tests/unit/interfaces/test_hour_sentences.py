"""Hours and actions in words."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.registered_houses import facts, indoor
from voltherm.application.current_action import ActionSource, Cause
from voltherm.application.decide_action import decide_action
from voltherm.application.planned_day import PlannedHour
from voltherm.application.spot_prices import SpotForecasts
from voltherm.domain.plan import HeatReason
from voltherm.interfaces.hour_sentences import WHY, action_sentence, hour_sentence

NOW = datetime(2026, 1, 14, 18, tzinfo=UTC)
HOUR = PlannedHour(start=NOW, hour=20, spot_per_kwh=0.0453, reason=HeatReason.HOLD_COMFORT)


def test_every_reason_has_its_words():
    assert WHY.keys() == set(HeatReason)
    assert len(set(WHY.values())) == len(WHY)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Standard operation (45.3 EUR/MWh)"),
        ({"spot_per_kwh": None}, "Standard operation"),
        ({"reason": None, "is_elapsed": True}, "The hour is over (45.3 EUR/MWh)"),
        ({"reason": None}, "The hour is nearly over: nothing of it is planned (45.3 EUR/MWh)"),
    ],
)
def test_an_hour_says_why_with_its_price(changes, words):
    assert hour_sentence(replace(HOUR, **changes), "EUR") == words


@pytest.fixture(scope="module")
def action():
    known = facts(NOW, spot=None, readings=indoor(NOW, 19.1))
    return decide_action(known, SpotForecasts(known.zone))


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (Cause.PLANNED, "As planned: standard operation"),
        (
            Cause.DRIFTED,
            "Planned anew, because the room is at 19.1 °C and not where the plan had it: standard operation",
        ),
        (Cause.NO_STORED_PLAN, "Planned now, because no plan of today covers this hour: standard operation"),
        (Cause.TOO_COLD, "The room is at 19.1 °C, below its band: it is heated whatever the plan says"),
        (Cause.FROST, "The room is at 19.1 °C: the frost guard gives all the heat there is"),
        (Cause.NOTHING_KNOWN, "Left to its own control: there is no plan, and nothing to make one from"),
    ],
)
def test_an_action_says_why(action, cause, words):
    told = replace(action, cause=cause, source=ActionSource.STORED_PLAN, reason=HeatReason.HOLD_COMFORT)

    assert action_sentence(told) == words
