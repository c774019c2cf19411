"""A heat pump says why it does what it does, in each step."""

from datetime import timedelta

import numpy as np
import pytest

from tests.heated_sites import building, heat_pump, heated_inputs, hut
from tests.sites import FREE, ROOF, site_of
from tests.tariffs import energy, export, tariff_of
from voltherm.application.plan_site import plan_site
from voltherm.domain.comfort import Comfort, ComfortWindow
from voltherm.domain.plan import HeatReason

SPOT = tariff_of(energy(series="spot"), export(0.01))


def reasons(pump, outdoor_c, spot, *, start=20.0, pv_kw=0.0, sun_w_m2=0.0):
    """Return the reasons of a plan in steps of an hour."""
    n = len(spot)
    site = site_of(SPOT, pump, ROOF, export_limit_kw=20.0)
    inputs = heated_inputs(
        site,
        np.full(n, float(outdoor_c)),
        start=start,
        sun_w_m2=sun_w_m2,
        pv_kw=np.broadcast_to(np.asarray(pv_kw, dtype=float), n),
        prices={"spot": spot},
        step=timedelta(hours=1),
        options=FREE,
    )
    return plan_site(site, inputs).assets["pump"].heat.reasons


def test_holding_the_edge_of_the_band_is_holding_comfort():
    assert set(reasons(heat_pump(building(hut())), 0.0, [0.2] * 5)) == {HeatReason.HOLD_COMFORT}


@pytest.mark.pitfall("A4")
def test_a_spread_of_a_tenth_of_a_cent_makes_no_hour_cheap_or_dear():
    found = reasons(heat_pump(building(hut())), 0.0, [0.2000, 0.2001, 0.2000, 0.2001])
    assert set(found) == {HeatReason.HOLD_COMFORT}


def test_heat_that_is_stored_before_a_dear_hour_is_preheating_and_then_it_coasts():
    found = reasons(heat_pump(building(hut())), 5.0, [0.1, 0.9, 0.9, 0.2])
    assert found[0] is HeatReason.PREHEAT_CHEAP
    assert found[1] is HeatReason.COAST_DEAR


def test_a_price_below_zero_is_reason_enough():
    assert reasons(heat_pump(building(hut())), 0.0, [-0.5, 0.5, 0.5])[0] is HeatReason.ABSORB_NEGATIVE_PRICE


def test_a_house_that_the_roof_has_heated_lives_on_it():
    found = reasons(heat_pump(building(hut())), 5.0, [0.3] * 4, pv_kw=[9.0, 0.0, 0.0, 0.0])
    assert found[0] is HeatReason.HEAT_SURPLUS
    assert found[1] is HeatReason.COAST_WARM


def test_in_summer_no_heat_is_needed():
    assert set(reasons(heat_pump(), 22.0, [0.2] * 3, start=21.5)) == {HeatReason.NO_HEAT_NEEDED}


@pytest.mark.pitfall("A5")
def test_what_cannot_be_kept_is_said():
    assert set(reasons(heat_pump(building(hut())), -24.0, [0.2] * 3, start=19.0)) == {HeatReason.CANNOT_KEEP_COMFORT}


@pytest.mark.pitfall("A5")
def test_a_room_whose_emitters_are_too_weak_is_said_too():
    rooms = heat_pump(building(hut("bath", heat_limit_kw=1.0), hut("hall")))
    assert set(reasons(rooms, 0.0, [0.2] * 3)) == {HeatReason.CANNOT_KEEP_COMFORT}


def test_coming_back_into_the_band_is_recovery():
    comfort = Comfort(
        low_c=20.0,
        high_c=23.0,
        windows=(ComfortWindow(days=frozenset(range(7)), start_minute=0, end_minute=60, low_c=16.0, high_c=23.0),),
        cold_price_per_kh=0.5,
    )
    found = reasons(heat_pump(building(hut(), comfort=comfort)), 5.0, [0.2] * 5, start=17.0)
    assert HeatReason.RECOVER_COMFORT in found
    assert HeatReason.CANNOT_KEEP_COMFORT in found


def test_the_roof_heats_where_it_gives_more_than_the_house_draws():
    found = reasons(heat_pump(building(hut())), 0.0, [0.3] * 3, pv_kw=[0.0, 5.0, 0.0])
    assert found[1] is HeatReason.HEAT_SURPLUS
    assert found[0] is not HeatReason.HEAT_SURPLUS
