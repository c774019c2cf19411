"""Where temperatures can be: no plan is colder or warmer than its bounds say."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.heated_sites import building, heat_pump, heated_inputs, hut, room
from tests.properties.heat_strategies import Wildness, heated
from tests.sites import ZONE, site_of
from tests.tariffs import tariff_of
from voltherm.domain.assets import BackupHeater
from voltherm.optimization.heat_setting import heat_settings
from voltherm.physics.heat_pump import HeatRequest, heating_limits_c, simulate_heat_pump


def setting_of(pump, outdoor_c, **more):
    inputs = heated_inputs(site_of(tariff_of(), pump), outdoor_c, **more)
    return heat_settings((pump,), inputs, ZONE)["pump"]


@settings(max_examples=60)
@given(heated(Wildness(max_steps=24)), st.integers(0, 10**6), st.sampled_from([0.2, 1.0, 3.0]))
def test_no_request_leads_out_of_reach(case, number, strength):
    site, inputs = case
    (pump,) = site.heat_pumps
    setting, draws = heat_settings(site.heat_pumps, inputs, site.zone)[pump.id], np.random.default_rng(number)
    n, n_rooms = inputs.grid.n_steps, len(pump.building.rooms)
    shares = draws.dirichlet(np.full(n_rooms, 0.3), n)
    compressor = strength * draws.random(n) * setting.points.capacity_kw
    backup = strength * draws.random(n) * setting.backup_limit_kw
    request = HeatRequest(compressor_kw=compressor, backup_kw=backup, shares=shares)
    run = simulate_heat_pump(pump, setting.start_c, setting.points, setting.weather, request, setting.step_h)
    assert (run.temps_c[1:] >= setting.reach.free_c - 1e-6).all()
    # The frost guard of one room may lift another that is heated already: by what its own step adds, no more.
    if run.is_followed:
        assert (run.temps_c[1:] <= setting.reach.full_c + 1e-5).all()
        assert (run.heat_kw <= setting.reach.room_limit_kw * (1 + 1e-6) + 1e-5).all()


def test_a_mild_day_reaches_no_further_than_the_cut_out():
    setting = setting_of(heat_pump(rating_points=(replace(heat_pump().rating_points[0], heat_kw=500.0),)), [5.0] * 24)
    assert setting.reach.full_c.max(axis=0).tolist() <= (heating_limits_c(setting.pump.building) + 1e-5).tolist()
    assert setting.is_hard[-1, 0]


def test_no_more_heat_is_offered_than_fits_below_the_cut_out():
    light = building(hut(capacitance_kwh_per_k=1.0), cut_out_c=25.0)
    setting = setting_of(heat_pump(light), [10.0], start=24.0)
    own_k_per_kw = 1 / 0.2 * (1 - np.exp(-0.2 * 0.25))
    fits_k = 25.0 - (10.0 + 14.0 * np.exp(-0.2 * 0.25))
    np.testing.assert_allclose(setting.compressor_most_kw, fits_k / own_k_per_kw, rtol=1e-4)


def test_emitters_bound_what_the_unit_can_be_asked_for():
    pump = heat_pump(building(room(heat_limit_kw=2.0)), backup=BackupHeater(limit_kw=9.0, efficiency=0.5))
    setting = setting_of(pump, [0.0])
    assert (setting.compressor_most_kw[0], setting.backup_most_kw[0]) == (2.0, 4.0)


def test_only_a_house_below_its_frost_guard_has_steps_that_are_given():
    assert setting_of(heat_pump(), [-10.0] * 8).n_guarded == 0
    frozen = setting_of(heat_pump(building(hut())), [-10.0] * 8, start=-10.0)
    assert frozen.n_guarded == 8
    assert frozen.guarded_kw[0] > 1.0
    np.testing.assert_array_equal(frozen.reach.full_c, frozen.guarded.temps_c[1:])
