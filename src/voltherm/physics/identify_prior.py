"""What is thought of a house before it is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.assets.building import Building
from voltherm.physics.identify_model import (
    HEAT_FACTOR,
    HEAT_LAG,
    IS_SHARE,
    NAMES,
    NOISES,
    PLACE,
    Floats,
    Noise,
    parameters_of,
    searched,
)

SPREADS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "capacitance_kwh_per_k": 0.7,
        "loss_kw_per_k": 0.5,
        "mass_capacitance_kwh_per_k": 0.4,
        "mass_coupling_kw_per_k": 0.7,
        "mass_loss_kw_per_k": 0.7,
        "solar_aperture_m2": 0.7,
        "solar_to_mass": 1.0,
        "internal_gain_kw": 0.5,
        "heat_to_mass": 1.0,
        HEAT_FACTOR: 0.15,
        HEAT_LAG: 0.8,
        NOISES[0]: 1.0,
        NOISES[1]: 1.0,
        NOISES[2]: 0.7,
    }
)
"""How far a preset may be off, as standard deviations of the logarithm (of the logit for shares): 0.5 is a factor of
1.65. A class of EN ISO 13790's thermal mass is a factor of 1.5 from the next, hence 0.4; the air's capacitance takes in
what follows within the hour, linings and furniture, and no table knows it."""
REACH: Final = 4.0
"""So many spreads from the preset no house is expected."""
SHARE_CENTRES: Final = (0.1, 0.9)
"""A share that the preset has at 0 or 1 is searched from here: its logit has no middle there."""
APERTURE_M2_PER_KW_K: Final = 40.0
GAINS_LIFT_K: Final = 2.0
"""Where a preset has no windows or nobody at home: 6 m2 and 0.3 kW in a house that loses 0.15 kW/K."""
AIR_MULTIPLE: Final = 3.0
"""A thermometer sees more than air and furniture: linings and inner doors follow within the hour. The FlexHouse shows
three times what its furnished air holds."""
FIRST_LAG_H: Final = 0.1
"""Of emitters and thermometer. [h]"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prior:
    """What is thought of a house before it is measured.

    Parameters
    ----------
    centre : NDArray, shape (14,)
        Logarithms, and logits of shares, by `NAMES`.
    spread : NDArray, shape (14,)
        Their standard deviations.
    names : tuple of str
        Parameters that are searched; the others stay at the centre.
    absent : frozenset of str
        Parameters that stand for nothing, such as the mass of a room without one; they have no uncertainty.
    """

    centre: Floats
    spread: Floats
    names: tuple[str, ...]
    absent: frozenset[str]

    @property
    def free(self) -> NDArray[np.int64]:
        """Places of the searched parameters, shape (n_free,)."""
        return np.array([PLACE[name] for name in self.names], dtype=np.int64)

    @property
    def has_mass(self) -> bool:
        """Whether the room has a mass."""
        return "mass_capacitance_kwh_per_k" not in self.absent

    def holding(self, *names: str) -> Prior:
        """Return the prior with some parameters held at the centre, as uncertain as they are there."""
        return replace(self, names=tuple(name for name in self.names if name not in names))

    def dropping(self, *names: str) -> Prior:
        """Return the prior with some parameters held at the centre as if certain."""
        return replace(self.holding(*names), absent=self.absent | frozenset(names))

    def searching(self, name: str) -> Prior:
        """Return the prior with one more parameter searched."""
        names = tuple(known for known in NAMES if known in self.names or known == name)
        return replace(self, names=names, absent=self.absent - {name})


def prior_of(building: Building, noise: Noise | None = None) -> Prior:
    """Return the prior around a preset building of one room, with every parameter free but the heat's factor.

    A mass that the preset does not lose heat from, or does not have, is taken as meant. Windows and gains of zero are
    not: their centre follows the losses.

    Raises
    ------
    InvalidInputError
        When the building has several rooms.
    """
    values = parameters_of(building, Noise() if noise is None else noise, FIRST_LAG_H)
    room = building.rooms[0]
    absent = {HEAT_FACTOR, NOISES[1]}
    if room.has_mass:
        values[PLACE["capacitance_kwh_per_k"]] *= AIR_MULTIPLE
    if not room.has_mass:
        absent |= {name for name in NAMES if name.startswith("mass_") or name.endswith("_to_mass")}
    if room.mass_loss_kw_per_k == 0:
        absent.add("mass_loss_kw_per_k")
    if room.solar_aperture_m2 == 0:
        values[PLACE["solar_aperture_m2"]] = APERTURE_M2_PER_KW_K * building.loss_kw_per_k
    if room.internal_gain_kw == 0:
        values[PLACE["internal_gain_kw"]] = GAINS_LIFT_K * building.loss_kw_per_k
    if room.has_mass:
        values = np.where(IS_SHARE, np.clip(values, *SHARE_CENTRES), values)
    spread = np.array([SPREADS[name] for name in NAMES])
    names = tuple(name for name in NAMES if name not in absent)
    return Prior(centre=searched(values), spread=spread, names=names, absent=frozenset(absent))
