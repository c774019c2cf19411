"""A heat pump that is switched, with all that its schedule is chosen by save the price of electricity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from voltherm.domain.assets import HeatPumpState
from voltherm.optimization.heat_setting import HeatSetting
from voltherm.optimization.mode_course import Course, courses_of
from voltherm.optimization.mode_dwell import dwell_rule
from voltherm.optimization.mode_grid import GridSize, TempGrid
from voltherm.optimization.mode_guard import GuardedCourse
from voltherm.optimization.mode_levels import Levels, SwitchingCosts, levels_of
from voltherm.optimization.mode_room import RoomModel
from voltherm.optimization.mode_states import SwitchStates, switch_states
from voltherm.optimization.mode_supply import Supply
from voltherm.optimization.model import Floats, Indices
from voltherm.optimization.modes import ModeProblem, ModeSchedule, schedule_modes

WIDE: Final = GridSize(n_room=60, n_mass=13, mass_reach=3.0, mass_reach_k=1.0)
"""About the relaxation's temperatures: a pump that is switched may leave them by more than one run of it."""
FINE: Final = GridSize(n_room=80, n_mass=11, mass_reach=1.0, mass_reach_k=0.2)
"""About the temperatures of a schedule that is good already."""
ALONE: Final = 3
"""A room without a mass has so many times the nodes: they cost little."""
LEAST_RUN_H: Final = 1.0
"""A run is taken to be as long at least, for how far it moves temperatures. [h]"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Board:
    """One heat pump.

    Parameters
    ----------
    setting : HeatSetting
        What it meets.
    levels : Levels
        What it can be asked for.
    states : SwitchStates
        Stretches and dwell.
    room : RoomModel
        Temperatures.
    courses : tuple of Course, one a stretch
        Temperatures through it.
    run_k : NDArray, shape (2,)
        How far a run at full heat moves room and mass. [K]
    """

    setting: HeatSetting
    levels: Levels
    states: SwitchStates
    room: RoomModel
    courses: tuple[Course, ...]
    run_k: Floats

    def near(self, temps_c: Floats) -> Board:
        """Return the same with the band that its rooms, lumped into one, have near temperatures that they reach.

        Where the coldest room, as against its band, is a kelvin above its edge, the lump may cool by a kelvin; likewise
        above. One room has its own band wherever it is.

        Parameters
        ----------
        temps_c : NDArray, shape (n_steps + 1, n_nodes)
            Of a run, with the heat divided as is best. [degC]
        """
        bands, lump_c = self.setting.bands, temps_c[1:] @ self.room.lumps[:, 0]
        if len(bands) == 1:
            return self
        rooms_c = temps_c[1:, : len(bands)].T
        low = lump_c - np.min([each - band.low_c for each, band in zip(rooms_c, bands, strict=True)], axis=0)
        high = lump_c + np.min([band.high_c - each for each, band in zip(rooms_c, bands, strict=True)], axis=0)
        room = replace(self.room, low_c=low, high_c=np.maximum(high, low))
        return replace(self, room=room, courses=courses_of(room, self.levels.heat_kw, self.states.firsts.tolist()))

    def problem(self, supply: Supply, net_kw: Floats, *, is_guarded: bool = False) -> ModeProblem:
        """Return the choice of a schedule at the prices of a supply.

        Parameters
        ----------
        supply : Supply
            Of the site.
        net_kw : NDArray, shape (n_steps,)
            Load besides this heat pump less all PV. [kW]
        is_guarded : bool
            Whether frost guard and limits of heating are reckoned with: seldom, because comfort keeps plans away.
        """
        if is_guarded:
            return self._guarded(supply, net_kw)
        cost = supply.cost(net_kw, self.levels.power_kw)
        paid = np.add.reduceat(cost, self.states.firsts[:-1], axis=1).T
        return ModeProblem(room=self.room, states=self.states, courses=self.courses, paid=paid)

    def _guarded(self, supply: Supply, net_kw: Floats) -> ModeProblem:
        setting = self.setting
        costs = supply.cost(net_kw, np.vstack([self.levels.power_kw, setting.highest_kw]))
        courses = tuple(
            GuardedCourse(
                model=self.room,
                steps=self.states.steps(stretch),
                heat_kw=self.levels.heat_kw,
                cost=costs[:-1],
                full_kw=setting.points.capacity_kw + setting.backup_efficiency * setting.backup_limit_kw,
                full_cost=costs[-1],
            )
            for stretch in range(self.states.n_stretches)
        )
        nothing = np.zeros((self.states.n_stretches, len(self.levels.modes)))
        return ModeProblem(room=self.room, states=self.states, courses=courses, paid=nothing)

    def schedule(self, problem: ModeProblem, temps_c: Floats, size: GridSize) -> ModeSchedule:
        """Return the cheapest schedule near temperatures of shape (n_steps + 1, n_nodes). [degC]."""
        path = temps_c[self.states.firsts] @ self.room.lumps
        if not self.room.has_mass:
            size = replace(size, n_room=ALONE * size.n_room)
        return schedule_modes(problem, TempGrid.about(self.room, path, self.run_k, size))


def board_of(
    setting: HeatSetting, state: HeatPumpState, room: RoomModel, firsts: Indices, costs: SwitchingCosts
) -> Board:
    """Return a heat pump that is switched.

    Parameters
    ----------
    setting : HeatSetting
        What it meets.
    state : HeatPumpState
        What it does now.
    room : RoomModel
        Its building.
    firsts : NDArray of int, shape (n_stretches,)
        First step of each stretch in which the level is the same.
    costs : SwitchingCosts
        Of switching.
    """
    levels = levels_of(setting)
    rule = dwell_rule(setting.pump, setting.step_h)
    longest = int(np.diff(np.append(firsts, len(setting.points.cop))).max())
    n_run = max(longest, rule.run, rule.off, round(LEAST_RUN_H / setting.step_h))
    rise = np.zeros(2)
    for _ in range(n_run):
        rise = room.transition @ rise + room.heat_k_per_kw * levels.heat_kw.max()
    states = switch_states(rule, levels, firsts, state, costs)
    return Board(
        setting=setting,
        levels=levels,
        states=states,
        room=room,
        courses=courses_of(room, levels.heat_kw, states.firsts.tolist()),
        run_k=rise,
    )
