"""From what people know of a house to a device: every legal registration is a device or a refusal, and comes back."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.store_examples import same
from tests.heat_service import NOW, OULU
from voltherm.adapters.documents.exact import from_plain, to_plain
from voltherm.adapters.documents.problem import DocumentError
from voltherm.application.register_device import OVERRIDES, Registration, device_of, register_device
from voltherm.domain.assets import HeatPump, HeatSource
from voltherm.domain.comfort import Comfort
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.house import HOUSE_RANGES, Construction, Emitter, Insulation
from voltherm.domain.place import Place
from voltherm.domain.registered_device import RegisteredDevice
from voltherm.interfaces.api.documents.devices import read_registration
from voltherm.physics.heat_pump_presets import HeatPumpType, RatedUnit

USUAL = Comfort(low_c=18.0, high_c=24.0)


def registration(**changes: object) -> Registration:
    return replace(read_registration(OULU, USUAL, "Europe/Helsinki"), **changes)


def at(latitude: float, longitude: float = 25.0) -> Registration:
    return registration(place=Place(latitude=latitude, longitude=longitude))


class Registry:
    """A registry that remembers."""

    def __init__(self):
        self.kept = []

    async def register(self, device):
        self.kept.append(device)


async def test_what_is_registered_is_what_is_kept():
    registry = Registry()

    device = await register_device(registration(), registry, NOW)

    assert registry.kept == [device]
    assert (device.device_id, device.pump.id, device.registered_at) == ("MY_HEAT_PUMP_001", "MY_HEAT_PUMP_001", NOW)
    assert dict(device.fields) == OULU


@pytest.mark.parametrize(
    ("latitude", "longitude", "design_c"),
    [(60.2, 25.0, -26.0), (61.5, 23.8, -29.0), (65.0, 25.5, -32.0), (68.4, 27.4, -38.0), (59.3, 18.1, -26.0)],
    ids=["Helsinki", "Tampere", "Oulu", "Ivalo", "Stockholm"],
)
def test_the_design_temperature_is_that_of_the_place_and_is_told(latitude, longitude, design_c):
    device = device_of(at(latitude, longitude), NOW)

    assert device.pump.heating_curve.cold_c == design_c
    assert f"a design temperature of {design_c:g} degC is assumed" in device.notes[0]


def test_a_design_temperature_that_is_given_is_taken_and_not_told():
    device = device_of(registration(design_outdoor_c=-20.0), NOW)

    assert device.pump.heating_curve.cold_c == -20.0
    assert not any("design temperature" in note for note in device.notes)


@pytest.mark.pitfall("A2")
def test_the_heater_closes_what_the_compressor_leaves_at_the_design_temperature():
    device = device_of(registration(unit=RatedUnit(type=HeatPumpType.ASHP, rated_heat_kw=5.0)), NOW)

    assert device.pump.source is HeatSource.AIR
    assert device.pump.backup.limit_kw > 0
    assert any("backup heater" in note for note in device.notes)


@pytest.mark.pitfall("A28")
@pytest.mark.parametrize("name", ["loss_kw_per_k", "mass_capacitance_kwh_per_k", "solar_aperture_m2"])
def test_a_learned_parameter_is_the_room_s_own(name):
    (room,) = device_of(registration(overrides={name: 0.123}), NOW).pump.building.rooms

    assert getattr(room, name) == 0.123


def test_parameters_of_house_envelope_and_pump_are_taken_by_name():
    given = {"internal_gain_w_m2": 0.0, "u_wall_w_m2_k": 0.1, "min_run_h": 1.0}
    plain, better = device_of(registration(), NOW).pump, device_of(registration(overrides=given), NOW).pump

    assert better.min_run_h == 1.0
    assert better.building.rooms[0].internal_gain_kw == 0.0
    assert better.building.loss_kw_per_k < plain.building.loss_kw_per_k


def test_what_is_better_known_of_the_pump_counts_where_the_backup_is_sized_and_told():
    resting = {"lowest_source_c": 5.0}
    device = device_of(registration(unit=RatedUnit(type=HeatPumpType.ASHP, rated_heat_kw=12.0), overrides=resting), NOW)

    assert device.pump.backup is not None
    assert device.pump.backup.limit_kw >= 8.4
    assert any(f"a backup heater of {device.pump.backup.limit_kw:g} kW is assumed" in note for note in device.notes)


def test_a_parameter_that_nobody_knows_is_refused():
    with pytest.raises(InvalidInputError, match=r"'gravity' is not known; use .*loss_kw_per_k"):
        device_of(registration(overrides={"gravity": 9.81}), NOW)


def test_names_of_parameters_are_names_of_one_thing():
    assert len(OVERRIDES) == len(set(OVERRIDES))


def numbers(low: float, high: float):
    return st.sampled_from([low, high]) | st.floats(low, high)


legal = st.fixed_dictionaries(
    {
        "device_id": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", fullmatch=True),
        "name": st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=200),
        "latitude": numbers(-90, 90),
        "longitude": numbers(-180, 180),
        "insulation_level": st.sampled_from(Insulation).map(str),
        "floor_area": numbers(*HOUSE_RANGES["floor_area_m2"][:2]),
        "heat_pump_type": st.sampled_from(HeatPumpType).map(str),
        "rated_power": numbers(0.5, 2000.0),
    },
    optional={
        "cop_rating": numbers(1.0, 12.0),
        "comfort_min_temp": numbers(5.0, 30.0),
        "comfort_max_temp": numbers(5.0, 30.0),
        "emitter": st.sampled_from(Emitter).map(str),
        "construction": st.sampled_from(Construction).map(str),
        "storeys": st.integers(1, 50),
        "design_outdoor_temp": numbers(-50.0, 10.0),
        "overrides": st.dictionaries(st.sampled_from(OVERRIDES), st.floats(-1e9, 1e9), max_size=3),
    },
)


def became(raw: dict[str, object]) -> RegisteredDevice | str:
    """Return the device, or the words of the refusal."""
    try:
        return device_of(read_registration(raw, USUAL, "Europe/Helsinki"), NOW)
    except (DocumentError, InvalidInputError) as error:
        return str(error)


@pytest.mark.pitfall("A29")
@given(fields=legal, storey_m=st.floats(1.9, 8.1))
def test_every_legal_registration_is_a_device_that_comes_back_or_a_refusal_in_words(fields, storey_m):
    told = became({**fields, "volume": min(max(fields["floor_area"] * storey_m, 20.0), 1e6)})

    if isinstance(told, str):
        assert any(words in told for words in ("must be", "; "))
    else:
        assert same(from_plain(HeatPump, json.loads(json.dumps(to_plain(HeatPump, told.pump)))), told.pump)
