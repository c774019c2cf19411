import pytest

from voltherm.domain.plan import Reason
from voltherm.interfaces.sentences import Facts, merged, number, sentence

CHARGING = {"lowest_kw": 50.0, "highest_kw": 50.0}
DISCHARGING = {"lowest_kw": -180.0, "highest_kw": -180.0}
RESTING = {"lowest_kw": 0.0, "highest_kw": 0.0}
PRICED = {"lowest_price": 16.0, "highest_price": 16.0, "currency": "CRC"}
TOLD = {
    Reason.IDLE: (RESTING, "rests: nothing to gain"),
    Reason.HOLD: (RESTING, "holds: what is stored is worth more later"),
    Reason.SHAVE_PEAK: (
        {**DISCHARGING, "target_kw": 212.0, "target_name": "demand_peak"},
        "discharges 180 kW: the demand_peak target is 212 kW",
    ),
    Reason.CHARGE_FOR_PEAK: (
        {**CHARGING, "target_kw": 212.0},
        "charges 50 kW: to hold the peak target of 212 kW later",
    ),
    Reason.CHARGE_CHEAP: ({**CHARGING, **PRICED}, "charges 50 kW: a kWh costs 16 CRC"),
    Reason.DISCHARGE_DEAR: ({**DISCHARGING, **PRICED}, "discharges 180 kW: a kWh is worth 16 CRC"),
    Reason.STORE_SURPLUS: (CHARGING, "charges 50 kW: keeps surplus PV for later"),
    Reason.EXPORT: ({**DISCHARGING, **PRICED}, "discharges 180 kW: a kWh sold brings 16 CRC"),
    Reason.RECOVER_SOC: (CHARGING, "charges 50 kW: brings the state of charge back into its band"),
    Reason.RELIEVE_CONNECTION: (
        {**DISCHARGING, "target_kw": 1000.0},
        "discharges 180 kW: the connection carries 1,000 kW",
    ),
    Reason.ABSORB_NEGATIVE_PRICE: (
        {**CHARGING, "lowest_price": -0.5, "highest_price": -0.05, "currency": "EUR"},
        "charges 50 kW: the price is below zero, -0.5 to -0.05 EUR",
    ),
    Reason.FALLBACK: (RESTING, "rests: there is no optimized plan, the outcome says why"),
}


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_has_its_sentence(reason):
    facts, words = TOLD[reason]

    assert sentence(Facts(reason=reason, **facts)) == words


def test_adjacent_steps_are_told_with_their_range():
    told = merged([Facts(reason=Reason.DISCHARGE_DEAR, lowest_kw=kw, highest_kw=kw) for kw in (-12.4, -97.0)])

    assert sentence(told) == "discharges 12.4 to 97 kW: a kWh is worth an unknown price"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0001, "0"),
        (0.0832, "0.0832"),
        (1.5, "1.5"),
        (12.34, "12.3"),
        (180.0, "180"),
        (4627533.2, "4,627,533"),
    ],
)
def test_numbers_show_the_digits_that_count(value, text):
    assert number(value) == text
