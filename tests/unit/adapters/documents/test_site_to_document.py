import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings

from tests.contracts.store_examples import site
from tests.properties.strategies import cases
from voltherm.adapters.documents.resolved_holidays import holidays_to_document, with_holidays
from voltherm.adapters.documents.site import load_site, site_from_document
from voltherm.adapters.documents.site_to_document import site_to_document
from voltherm.adapters.documents.tariff import library_names, read_library
from voltherm.domain.tariffs import HolidayRule, HolidayTreatment, When

EXAMPLES = Path(__file__).parents[4] / "examples"


def through_json(told):
    return site_from_document(json.loads(json.dumps(site_to_document(told), allow_nan=False)))


@pytest.mark.parametrize("name", library_names())
def test_a_site_under_each_tariff_of_the_library_comes_back_equal_with_its_holidays(name):
    told = replace(site(), tariff=read_library(name))

    assert through_json(told) == told


@pytest.mark.parametrize("name", ["factory", "house", "sites/house-oulu"])
def test_the_example_sites_come_back_equal(name):
    told = load_site(EXAMPLES / f"{name}.yaml")

    assert through_json(told) == told


@settings(max_examples=60)
@given(case=cases())
def test_any_site_comes_back_equal(case):
    told, _ = case
    assume(told.tariff.energy_rules)  # no document is without a price, or has a tax on nothing

    assert through_json(told) == told


def _with_days(days):
    rule = HolidayRule(calendar="NO", treatment=HolidayTreatment.SUNDAY, days=frozenset(days))
    inner = When(holidays=rule, months=frozenset({1}))
    tariff = site().tariff
    first = replace(tariff.components[0], when=When(also=(inner,), holidays=rule))
    return replace(tariff, components=(first, *tariff.components[1:]))


def test_holidays_are_kept_once_and_put_back_wherever_they_stand():
    told = _with_days([740_000, 740_001])
    documents = json.loads(json.dumps(holidays_to_document(told)))

    assert len(documents) == 1
    assert with_holidays(_with_days([]), documents) == told


def test_a_tariff_without_holidays_stays_itself():
    tariff = site().tariff

    assert holidays_to_document(tariff) == []
    assert with_holidays(tariff, []) is tariff
