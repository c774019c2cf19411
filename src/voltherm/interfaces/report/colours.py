"""Five colours with a fixed meaning, and the greys."""

from __future__ import annotations

from typing import Final

from voltherm.application.policies import PolicyName

GRID: Final = "#2563b5"
BATTERY: Final = "#2a9382"
SUN: Final = "#e0ac1c"
TARGET: Final = "#cf3a30"
HEAT: Final = "#c9652b"
"""What heat pumps draw and how warm the rooms are."""

GREY: Final = "#8b95a1"
PRICE: Final = "#9a6a14"
"""What energy costs: ink of its own, because money is none of the five."""

POLICIES: Final = {
    PolicyName.NONE: "#8b95a1",
    PolicyName.THERMOSTAT: "#8b95a1",
    PolicyName.THERMOSTAT_LOW: "#b9c1ca",
    PolicyName.TIMER: "#a9bedb",
    PolicyName.GREEDY: "#7fa3d1",
    PolicyName.MPC: GRID,
    PolicyName.PERFECT: "#1b3a66",
}
"""A policy is told by how its meter looks: shades of the grid's blue, grey without a battery."""
