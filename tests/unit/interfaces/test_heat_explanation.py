"""What a person reads of a heat pump: a sentence for each reason, columns that fit, steps told together."""

import itertools
import json
from pathlib import Path

import pytest

from voltherm.adapters.documents.plan_request import load_request, request_from_document
from voltherm.application.plan_site import plan_site
from voltherm.domain.plan import HeatReason
from voltherm.interfaces.answer import answer_document
from voltherm.interfaces.explanation import episodes, explanation
from voltherm.interfaces.heat_sentences import HeatFacts, heat_sentence

EXAMPLE = Path(__file__).parents[3] / "examples" / "house-oulu.json"


def facts(reason, **more):
    return HeatFacts(
        **{"pump": "pump", "reason": reason, "lowest_kw": 1.0, "highest_kw": 2.5, "currency": "EUR"} | more
    )


@pytest.mark.parametrize("reason", HeatReason)
def test_each_reason_has_a_sentence_of_its_own(reason):
    others = {heat_sentence(facts(other)) for other in HeatReason if other is not reason}

    told = heat_sentence(facts(reason))

    assert told.startswith("pump draws 1 to 2.5 kW: ")
    assert told not in others


def test_prices_are_told_as_a_range_and_what_is_unknown_as_such():
    known = facts(HeatReason.PREHEAT_CHEAP, lowest_price=0.1, highest_price=0.15)

    assert heat_sentence(known) == "pump draws 1 to 2.5 kW: stores heat, a kWh costs 0.1 to 0.15 EUR and later more"
    assert "an unknown price" in heat_sentence(facts(HeatReason.PREHEAT_CHEAP))


def test_a_heat_pump_without_power_rests():
    told = heat_sentence(facts(HeatReason.COAST_WARM, lowest_kw=0.0, highest_kw=0.04))

    assert told == "pump rests: the building is warm enough and lives on its stored heat"


@pytest.fixture(name="answer", scope="module")
def _answer():
    asked = load_request(EXAMPLE)
    return answer_document(plan_site(asked.site, asked.inputs), asked.site)


def test_the_house_of_the_document_is_told_with_heat_and_room_and_without_a_battery(answer):
    text = explanation(answer)

    head = next(line for line in text.splitlines() if line.startswith("time"))
    assert head.split() == ["time", "heat", "pump", "kW", "grid", "kW", "rooms", "degC"]
    assert "battery" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_every_step_is_told_once_and_its_reasons_change_from_episode_to_episode(answer):
    told = episodes(answer)

    assert [episode.first for episode in told[1:]] == [episode.last for episode in told[:-1]]
    assert told[-1].last == len(answer.steps)
    for before, after in itertools.pairwise(told):
        changed = before.heat[0].reason is not after.heat[0].reason
        assert changed or before.start.date() != after.start.date()


@pytest.mark.pitfall("A2")
def test_the_house_of_the_document_stays_within_its_band_through_two_cold_days(answer):
    rooms = answer.assets["heat_pump"].heat.room_c["house"]

    assert answer.outcome == "optimal"
    assert answer.violations == []
    assert min(rooms) >= 19.0 - 1e-4
    assert max(rooms) <= 23.0 + 1e-4


def test_a_house_with_a_battery_is_told_with_both():
    document = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    document["site"]["assets"].append(
        {"kind": "battery", "id": "bess", "capacity_kwh": 10, "charge_limit_kw": 5, "discharge_limit_kw": 5}
    )
    document["grid"]["steps"], document["state"] = 48, {"bess": {"soc": 0.5}}
    asked = request_from_document(document)
    answer = answer_document(plan_site(asked.site, asked.inputs), asked.site)

    text = explanation(answer)

    head = next(line for line in text.splitlines() if line.startswith("time"))
    assert head.split()[1:6] == ["battery", "kW", "heat", "pump", "kW"]
    assert "; heat_pump " in answer.steps[0].sentence
    assert max(map(len, text.splitlines())) <= 80
