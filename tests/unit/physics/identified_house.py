"""Houses that the tests of identification step, filter and fit."""

from voltherm.domain.assets import Building, Room
from voltherm.physics.identify_model import Noise

NOISE = Noise(air_k_per_sqrt_h=0.2, mass_k_per_sqrt_h=0.05, reading_k=0.1)
HEAVY = Room(
    id="house",
    capacitance_kwh_per_k=1.5,
    loss_kw_per_k=0.1,
    mass_capacitance_kwh_per_k=6.0,
    mass_coupling_kw_per_k=0.9,
    mass_loss_kw_per_k=0.05,
    solar_aperture_m2=5.0,
    solar_to_mass=0.4,
    internal_gain_kw=0.3,
    heat_to_mass=0.2,
)
LIGHT = Room(id="hut", capacitance_kwh_per_k=1.0, loss_kw_per_k=0.1, solar_aperture_m2=2.0, internal_gain_kw=0.1)


def house(room: Room = HEAVY) -> Building:
    return Building(rooms=(room,))
