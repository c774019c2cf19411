"""Heat in the plan answer and the plan record: every series by room, read back as written, bit for bit."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.contracts.store_examples import same
from tests.unit.adapters.documents.test_heat_inputs import REQUEST, TWO_ROOMS
from tests.unit.adapters.documents.test_heat_pump import REMOVED, changed
from voltherm.adapters.documents.plan_answer import read_answer
from voltherm.adapters.documents.plan_record import plan_record_from_document, plan_record_to_document
from voltherm.adapters.documents.plan_request import request_from_document
from voltherm.adapters.documents.problem import DocumentError
from voltherm.application.plan_site import plan_site
from voltherm.domain.assets import HeatMode
from voltherm.interfaces.answer import answer_document
from voltherm.ports.store import PlanRecord

WARM_UP = {"pump": {"room_c": {"up": 20.5, "down": 20.5}}}
IN_TWO_ROOMS = changed(REQUEST, ("site/assets/0", TWO_ROOMS), ("weather/irradiance_w_m2", REMOVED), ("heat", WARM_UP))


@pytest.fixture(name="asked", scope="module")
def _asked():
    return request_from_document(REQUEST)


@pytest.fixture(name="plan", scope="module")
def _plan(asked):
    return plan_site(asked.site, asked.inputs)


def test_the_answer_tells_heat_temperatures_and_why(asked, plan):
    answer = json.loads(answer_document(plan, asked.site).model_dump_json(), parse_constant=pytest.fail)

    heat = answer["assets"]["pump"]["heat"]
    assert heat["room_c"]["house"][0] == 20.5
    assert len(heat["room_c"]["house"]) == len(heat["mass_c"]["house"]) == 9
    np.testing.assert_allclose(heat["heat_kw"]["house"], np.array(heat["compressor_kw"]) + heat["backup_kw"])
    electric = np.array(heat["compressor_kw"]) / heat["cop"] + heat["backup_kw"]
    np.testing.assert_allclose(answer["assets"]["pump"]["power_kw"], electric, atol=1e-8)
    assert len(heat["reasons"]) == 8
    assert heat["modes"] is None
    assert answer["units"]["room_c"] == "degC"
    assert all(step["sentence"].startswith("pump ") for step in answer["steps"])
    assert answer["provenance"]["outdoor_c"]["source"] == "forecast of the institute"


def test_the_rooms_of_a_building_are_told_apart():
    asked = request_from_document(IN_TWO_ROOMS)

    heat = answer_document(plan_site(asked.site, asked.inputs), asked.site).assets["pump"].heat

    assert list(heat.room_c) == list(heat.heat_kw) == ["up", "down"]
    assert list(heat.mass_c) == ["down"]


def test_an_answer_with_heat_reads_back_as_it_was_written(asked, plan):
    answer = answer_document(plan, asked.site)

    assert read_answer(answer.model_dump_json()) == answer


@pytest.mark.parametrize("series", ["compressor_kw", "cop", "reasons"])
def test_a_series_of_another_length_is_no_answer(asked, plan, series):
    answer = json.loads(answer_document(plan, asked.site).model_dump_json())
    answer["assets"]["pump"]["heat"][series].pop()

    with pytest.raises(DocumentError, match=rf"assets\.pump\.heat\.{series} does not fit grid\.steps, 8"):
        read_answer(json.dumps(answer))


def test_modes_are_told_where_they_were_planned(asked, plan):
    heat = replace(plan.assets["pump"].heat, modes=(HeatMode.ECO,) * 8)
    with_modes = replace(plan, assets={"pump": replace(plan.assets["pump"], heat=heat)})

    assert answer_document(with_modes, asked.site).assets["pump"].heat.modes == [HeatMode.ECO] * 8


@pytest.mark.pitfall("A2")
def test_a_heat_pump_that_cannot_carry_the_house_is_told_in_a_note():
    small = changed(REQUEST, ("site/assets/0/preset/rated_heat_kw", 4), ("site/assets/0/backup", None))
    asked = request_from_document(small)

    (note,) = answer_document(plan_site(asked.site, asked.inputs), asked.site).notes

    assert note.startswith("pump: the compressor leaves up to ")
    assert note.endswith("and there is no backup heater: the house will be colder")


@pytest.mark.pitfall("M27")
@pytest.mark.parametrize("document", [REQUEST, IN_TWO_ROOMS], ids=["a house", "two rooms"])
def test_a_plan_with_heat_comes_back_bit_for_bit_and_can_be_made_again(document):
    asked = request_from_document(document)
    told = PlanRecord(id="01", site_version=1, inputs=asked.inputs, plan=plan_site(asked.site, asked.inputs))

    found = plan_record_from_document(json.loads(json.dumps(plan_record_to_document(told), allow_nan=False)))

    assert same(found, told)
    again = plan_site(asked.site, found.inputs)
    assert same(again.assets, told.plan.assets)
