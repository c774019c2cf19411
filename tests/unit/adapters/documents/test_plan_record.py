import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from tests.contracts.store_examples import record, same, site
from tests.properties.strategies import Hardness, cases
from voltherm.adapters.documents.exact import RecordError
from voltherm.adapters.documents.plan_record import plan_record_from_document, plan_record_to_document
from voltherm.application.plan_site import plan_site
from voltherm.domain.assets import BatteryState
from voltherm.domain.plan import Fallback, Feasible, Infeasible, Optimal
from voltherm.ports.store import PlanRecord


def through_json(told):
    return plan_record_from_document(json.loads(json.dumps(plan_record_to_document(told), allow_nan=False)))


@pytest.mark.pitfall("M27")
@settings(max_examples=25)
@given(case=cases(Hardness(max_steps=24)))
def test_any_plan_and_its_inputs_come_back_the_same(case):
    drawn, inputs = case
    told = PlanRecord(id="01", site_version=3, inputs=inputs, plan=plan_site(drawn, inputs))

    assert same(through_json(told), told)


@pytest.mark.parametrize(
    "outcome", [Optimal(), Feasible(gap=float("inf"), why="a"), Fallback(why="b"), Infeasible(why="c")]
)
def test_each_outcome_comes_back(outcome):
    told = record("01", site(), 1)
    told = replace(told, plan=replace(told.plan, outcome=outcome, certified_gap=float("nan")))

    assert same(through_json(told), told)


def test_limits_of_each_step_come_back():
    told = record("01", site(), 1)
    state = BatteryState(soc=1 / 3, charge_limit_kw=np.array([0.1, 0.2, 0.3, 0.0]), discharge_limit_kw=7.0)
    told = replace(told, inputs=replace(told.inputs, states={"bess": state}))

    assert same(through_json(told), told)


def test_what_is_no_plan_record_is_refused():
    with pytest.raises(RecordError, match="PlanRecord: has no"):
        plan_record_from_document({"id": "01"})
