"""What a kWh is made of, against the tariff's own bill."""

from datetime import timedelta

import numpy as np
import pytest

from tests.registered_houses import EVENING, HOUR, SPOT_FI
from tests.tariffs import energy, tariff_of
from voltherm.application.price_parts import price_parts
from voltherm.domain.tariffs import Tax, Usage
from voltherm.domain.time import TimeGrid

GRID = TimeGrid(EVENING, HOUR, 3)
SPOT = np.array([-0.5, 0.0, 0.1])


@pytest.mark.pitfall("A27")
def test_a_finnish_kwh_is_spot_margin_network_tax_and_vat_on_all_of_them():
    parts = price_parts(SPOT_FI, GRID, {"fi_spot": SPOT})

    assert list(parts) == ["spot", "margin", "network_energy", "electricity_tax", "vat"]
    assert parts["spot"] == pytest.approx(SPOT)
    assert parts["margin"] == pytest.approx([0.0045] * 3)
    assert parts["network_energy"] == pytest.approx([0.0318] * 3)
    assert parts["electricity_tax"] == pytest.approx([0.02253] * 3)
    assert parts["vat"] == pytest.approx(0.255 * (SPOT + 0.0045 + 0.0318 + 0.02253))


@pytest.mark.pitfall("A27")
@pytest.mark.parametrize("step", [0, 1, 2])
def test_the_parts_add_up_to_what_the_bill_charges_for_one_kwh(step):
    parts = price_parts(SPOT_FI, GRID, {"fi_spot": SPOT})
    one_kwh = np.zeros(3)
    one_kwh[step] = 1.0

    billed = SPOT_FI.bill_above(Usage.of_net(GRID, one_kwh, {"fi_spot": SPOT}))

    assert sum(values[step] for values in parts.values()) == pytest.approx(sum(billed.values()))


def test_a_tax_that_is_in_the_prices_already_adds_nothing():
    tariff = tariff_of(energy(0.2), Tax(id="vat", rate=0.25, on=("*",), included=True))

    assert {name: values[0] for name, values in price_parts(tariff, GRID, {}).items()} == {"energy": 0.2}


def test_a_tax_on_a_tax_counts():
    tariff = tariff_of(energy(0.1), Tax(id="levy", rate=0.1, on=("energy",)), Tax(id="vat", rate=0.2, on=("*",)))

    parts = price_parts(tariff, TimeGrid(EVENING, timedelta(minutes=15), 1), {})

    assert {name: float(values[0]) for name, values in parts.items()} == pytest.approx(
        {"energy": 0.1, "levy": 0.01, "vat": 0.022}
    )
