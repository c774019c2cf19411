"""What of a wanted power is told: every limit cuts, with its name and figures, and nothing raises a power."""

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sites import battery
from tests.unit.application.battery_story import BATTERY, Story, reading
from voltherm.application.clamp_power import ClampCode, Headroom, clamp_power
from voltherm.domain.errors import InvalidInputError

MINUTE = timedelta(minutes=1)


def clamped(power_kw, soc=0.5, of=BATTERY, *, validity=MINUTE, headroom=None, min_step_kw=0.0, **changes):
    more = {} if headroom is None else {"headroom": headroom}
    return clamp_power(power_kw, of, reading(0, soc, **changes), validity=validity, min_step_kw=min_step_kw, **more)


def codes(cut):
    return [reason.code for reason in cut.reasons]


@pytest.mark.parametrize("power_kw", [50.0, -50.0, 0.0, 0.3])
def test_a_power_within_every_limit_is_told_as_it_is(power_kw):
    cut = clamped(power_kw)
    assert (cut.power_kw, cut.reasons) == (power_kw, ())


@pytest.mark.parametrize(("power_kw", "told_kw"), [(80.0, 50.0), (-80.0, -50.0)])
def test_the_rated_limit_holds_in_both_directions(power_kw, told_kw):
    cut = clamped(power_kw)
    assert cut.power_kw == told_kw
    assert str(cut.reasons[0]).startswith(f"rated_limit: {power_kw:g} kW to {told_kw:g}: ")


@pytest.mark.fault(4)
def test_limits_of_now_are_asymmetric():
    limits = {"charge_limit_kw": 10.0, "discharge_limit_kw": 35.0}
    assert clamped(40.0, **limits).power_kw == 10.0
    assert clamped(-40.0, **limits).power_kw == -35.0
    assert codes(clamped(40.0, **limits)) == [ClampCode.BMS]


def test_the_connection_leaves_what_it_leaves_and_never_turns_a_power_round():
    assert clamped(40.0, headroom=Headroom(charge_kw=15.0)).power_kw == 15.0
    assert clamped(-40.0, headroom=Headroom(discharge_kw=5.0)).power_kw == -5.0
    cut = clamped(40.0, headroom=Headroom(charge_kw=-20.0))
    assert (cut.power_kw, codes(cut)) == (0.0, [ClampCode.CONNECTION])


@pytest.mark.pitfall("M13")
@pytest.mark.parametrize("power_kw", [30.0, -30.0])
def test_without_an_soc_nothing_but_rest_is_left(power_kw):
    cut = clamped(power_kw, None)
    assert (cut.power_kw, codes(cut)) == (0.0, [ClampCode.SOC_UNKNOWN])


@pytest.mark.pitfall("M13")
def test_a_suspect_soc_counts_as_none():
    story = Story()
    story.tell(None)
    assert clamp_power(-30.0, BATTERY, story.tell(0.5), validity=MINUTE).power_kw == 0.0


@pytest.mark.parametrize(("soc", "power_kw"), [(0.2, -30.0), (0.1, -30.0), (0.9, 30.0), (0.95, 30.0)])
def test_beyond_the_band_only_the_way_back_is_open(soc, power_kw):
    of = battery(soc_min=0.2, soc_max=0.9)
    assert codes(clamped(power_kw, soc, of)) == [ClampCode.SOC_GUARD]
    assert clamped(power_kw, soc, of).power_kw == 0.0
    assert clamped(-power_kw, soc, of).power_kw == -power_kw


def test_a_reserve_is_a_floor():
    assert clamped(-30.0, 0.3, battery(reserve_soc=0.3)).power_kw == 0.0


def test_the_energy_left_lasts_for_the_validity():
    of = battery(soc_min=0.2, soc_max=0.9)
    # 0.5 kWh above the floor are 0.45 kWh at the meter: 27 kW for a minute. To full 0.5 kWh take 0.556: 33.3 kW.
    down, up = clamped(-50.0, 0.205, of), clamped(50.0, 0.895, of)
    assert (down.power_kw, up.power_kw) == (pytest.approx(-27.0), pytest.approx(100 / 3))
    assert "0.5 kWh left above 0.2 at SOC 0.205, for 60 s" in str(down.reasons[0])


@pytest.mark.fault(18)
def test_an_older_soc_leaves_less():
    story = Story(of=battery(soc_min=0.2))
    story.tell(0.205)
    of = battery(soc_min=0.2)
    assert clamp_power(-50.0, of, story.judged(30.0), validity=MINUTE).power_kw == pytest.approx(-18.0)


def test_the_taper_cuts():
    cut = clamped(50.0, 0.95, battery(charge_taper_soc=0.9))
    assert (cut.power_kw, codes(cut)) == (pytest.approx(25.0), [ClampCode.TAPER])


@pytest.mark.parametrize(
    ("power_kw", "step_kw", "told_kw"),
    [(7.9, 2.0, 6.0), (-7.9, 2.0, -6.0), (1.9, 2.0, 0.0), (0.3, 0.1, 0.3), (-1.0, 2.0, 0.0)],
)
def test_steps_round_towards_rest(power_kw, step_kw, told_kw):
    cut = clamped(power_kw, min_step_kw=step_kw)
    assert cut.power_kw == pytest.approx(told_kw)
    assert math.copysign(1.0, cut.power_kw) == (-1.0 if told_kw < 0 else 1.0)
    assert [code == ClampCode.STEP for code in codes(cut)] == ([True] if told_kw != power_kw else [])


def test_every_cut_is_named_in_its_order():
    cut = clamped(80.0, charge_limit_kw=33.0, headroom=Headroom(charge_kw=20.0), min_step_kw=15.0)
    assert cut.power_kw == 15.0
    assert codes(cut) == [ClampCode.RATED, ClampCode.BMS, ClampCode.CONNECTION, ClampCode.STEP]


@pytest.mark.parametrize("power_kw", [math.nan, math.inf])
def test_a_power_that_is_none_is_an_error_of_ours(power_kw):
    with pytest.raises(InvalidInputError, match="must be finite"):
        clamped(power_kw)


@pytest.mark.parametrize("changes", [{"validity": timedelta(0)}, {"min_step_kw": -1.0}, {"min_step_kw": math.nan}])
def test_a_validity_or_step_that_is_none_is_refused(changes):
    with pytest.raises(InvalidInputError, match="clamp"):
        clamped(10.0, **changes)


KW = st.floats(0.0, 200.0)


@given(
    power_kw=st.floats(-300.0, 300.0),
    soc=st.none() | st.floats(0, 1),
    limits=st.tuples(st.none() | KW, st.none() | KW),
    left=st.tuples(st.floats(-50.0, 200.0), st.floats(-50.0, 200.0)),
    step_kw=st.sampled_from([0.0, 0.1, 3.0]),
)
def test_a_clamp_only_narrows_and_says_whenever_it_does(power_kw, soc, limits, left, step_kw):
    charge_kw, discharge_kw = limits
    cut = clamped(
        power_kw,
        soc,
        battery(soc_min=0.1, soc_max=0.95, charge_taper_soc=0.8),
        headroom=Headroom(charge_kw=left[0], discharge_kw=left[1]),
        min_step_kw=step_kw,
        charge_limit_kw=charge_kw,
        discharge_limit_kw=discharge_kw,
    )
    assert abs(cut.power_kw) <= abs(power_kw)
    assert cut.power_kw * power_kw >= 0
    assert (cut.power_kw != power_kw) == bool(cut.reasons)
    limit_kw = charge_kw if power_kw > 0 else discharge_kw
    assert limit_kw is None or abs(cut.power_kw) <= limit_kw
