"""Inputs that do not fit the site are told with field, value and remedy."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from tests.sites import FREE, ROOF, START, battery, inputs_of, site_of
from tests.tariffs import demand, energy, tariff_of
from voltherm.application.check_inputs import check_inputs
from voltherm.domain.assets import BatteryState
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.series import Series
from voltherm.domain.time import TimeGrid

SITE = site_of(tariff_of(energy(series="spot"), demand(5.0)), battery(), ROOF)
GOOD = inputs_of(SITE, [1.0] * 4, pv_kw=[0.0] * 4, prices={"spot": [0.1] * 4})
LATER = TimeGrid(START + timedelta(minutes=15), timedelta(minutes=15), 4)


def test_good_inputs_pass():
    check_inputs(SITE, GOOD)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"power_kw": {"roof": GOOD.power_kw["roof"]}}, ("forecasts", "'load'", "missing")),
        ({"power_kw": {**GOOD.power_kw, "load": Series(LATER, np.ones(4))}}, ("forecasts.load", "2026-03-10")),
        ({"power_kw": {**GOOD.power_kw, "roof": Series(GOOD.grid, -np.ones(4))}}, ("forecasts.roof", "negative")),
        ({"states": {}}, ("state", "'bess'", "no plan")),
        ({"states": {**GOOD.states, "spare": BatteryState(soc=0.5)}}, ("'spare'", "no battery", "bess")),
        ({"states": {"bess": BatteryState(soc=0.5, charge_limit_kw=np.ones(3))}}, ("charge_limit_kw", "(3,)")),
        ({"prices": {}}, ("prices", "'spot'", "missing")),
        ({"prices": {"spot": Series(LATER, np.ones(4))}}, ("prices.spot",)),
        ({"options": replace(FREE, peak_targets_kw={"peek": 5.0})}, ("peak_targets_kw", "'peek'", "peak")),
    ],
)
def test_a_wrong_input_is_named_with_its_remedy(changes, words):
    with pytest.raises(InvalidInputError) as error:
        check_inputs(SITE, replace(GOOD, **changes))
    for word in words:
        assert word in str(error.value)
