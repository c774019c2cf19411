"""The controller that other programs embed: told what was measured, it decides; no clock, network or database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from voltherm.application.month_targets import month_targets
from voltherm.application.outlook import MissingOutlookError, Outlook, column_of, look_out
from voltherm.application.own_forecasts import OwnForecasts
from voltherm.application.plan_site import plan_site
from voltherm.domain.assets import BatteryState
from voltherm.domain.command import Command
from voltherm.domain.control import Decision, GuardedPower, Measured, MeterReading, Rung
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.ledger import Ledger, advance
from voltherm.domain.measurements import Measurements
from voltherm.domain.plan import Plan, PlanInputs, PlanOptions
from voltherm.domain.series import Series
from voltherm.domain.site import Site
from voltherm.domain.tariffs import Demand, Usage
from voltherm.domain.time import TimeGrid, utc_instant
from voltherm.optimization.terms.demand import peak_ceiling_kw
from voltherm.physics.guard import ImportBounds, guarded_powers


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlOptions:
    """Choices of a controller.

    Parameters
    ----------
    step : timedelta
        Length of a step of plan and control; the tariff's metering interval or a part of it.
    horizon : timedelta
        How far a plan looks.
    history : timedelta
        How much of the past is kept for forecasts and targets.
    soc_max_age : timedelta
        An SOC older than this leads to no setpoint.
    plan : PlanOptions
        Terminal condition and limits of each plan; its peak targets are replaced by the controller's own.
    """

    step: timedelta = timedelta(minutes=15)
    horizon: timedelta = timedelta(hours=48)
    history: timedelta = timedelta(days=56)
    soc_max_age: timedelta = timedelta(minutes=5)
    plan: PlanOptions = field(default_factory=PlanOptions)


class SiteController:
    """Plans one site step after step from its own history, and remembers the peaks that the meter has reached.

    ``observe`` what was measured, ``decide`` at each step, ``guard`` in between. Every time is an argument and nothing
    is read from anywhere else, so that service, backtest and tests run the same code.

    Parameters
    ----------
    site : Site
        Assets, connection, tariff.
    history : Measurements or None
        What was measured before, in steps of ``options.step``; may be None.
    ledger : Ledger or None
        What the meter has reached in the running billing period; None begins with an empty one.
    options : ControlOptions
        Step, horizon and limits.
    """

    def __init__(
        self,
        site: Site,
        history: Measurements | None = None,
        *,
        ledger: Ledger | None = None,
        options: ControlOptions | None = None,
    ) -> None:
        self.site = site
        self.options = options or ControlOptions()
        self.history = history
        self.ledger = ledger or Ledger.empty()
        self._forecasts = OwnForecasts(site)
        self._soc: dict[str, tuple[datetime, float]] = {}
        self._battery_kw: dict[str, float] = {}
        self._targets: tuple[datetime, Mapping[str, float]] | None = None
        if history is not None and history.grid.step != self.options.step:
            message = f"history: has steps of {history.grid.step}, the controller {self.options.step}; resample it"
            raise InvalidInputError(message)

    def observe(self, now: datetime, measured: Measured) -> None:
        """Take in the means of one interval that is over, and the SOC at its end.

        Parameters
        ----------
        now : datetime
            When it is told; not before the interval's end.
        measured : Measured
            What was measured; the interval must be one step of the controller.

        Raises
        ------
        InvalidInputError
            When the interval is not one aligned step, not over, or names an asset that the site does not have.
        """
        now = utc_instant(now, "now")
        self._check(now, measured)
        for battery_id, soc in measured.soc.items():
            self._soc[battery_id] = measured.interval.end, soc
        for battery in self.site.batteries:
            if battery.id in measured.power_kw:
                self._battery_kw[battery.id] = measured.power_kw[battery.id]
        self._remember(measured)
        if measured.grid_kw is not None:
            self._advance_ledger(measured, measured.grid_kw)

    def decide(self, now: datetime, forecasts: Mapping[str, Series] | None = None) -> Decision:
        """Return what to do from ``now`` on.

        Parameters
        ----------
        now : datetime
            The instant; the running step is planned whole, from the SOC that was observed last.
        forecasts : Mapping of asset id or price series name to Series, optional
            Forecasts from elsewhere, joined by time; what is missing comes from the controller's own history.

        Returns
        -------
        Decision
            A fresh plan with one command a battery, or no setpoint and why.
        """
        now = utc_instant(now, "now")
        grid = self._grid(now)
        stale = self._stale(now)
        if stale:
            return Decision(now=now, rung=Rung.NO_SETPOINT, why=stale)
        try:
            outlook = look_out(self.site, self.history, now, grid, forecasts or {}, self._forecasts)
        except MissingOutlookError as error:
            return Decision(now=now, rung=Rung.NO_SETPOINT, why=str(error))
        targets = self._month_targets(now, outlook)
        plan = plan_site(self.site, self._inputs(now, grid, outlook, targets))
        return Decision(
            now=now,
            rung=Rung.FRESH_PLAN,
            plan=plan,
            commands=self._commands(plan),
            ceiling_kw=self._ceiling_kw(plan, targets),
            targets_kw=targets,
        )

    def guard(self, now: datetime, decision: Decision, reading: MeterReading) -> GuardedPower:
        """Return the battery powers of now: the decision's, moved where the meter's limits ask for it.

        Parameters
        ----------
        now : datetime
            The instant.
        decision : Decision
            The running decision; after its commands have expired nothing is commanded.
        reading : MeterReading
            Meter and SOC of now.
        """
        now = utc_instant(now, "now")
        planned = {command.asset_id: command.power_kw for command in decision.commands if command.holds_at(now)}
        if not planned:
            return GuardedPower(at=now, power_kw={}, is_clamped=False)
        left_h = (1.0 - reading.elapsed_share) * self.options.step / timedelta(hours=1)
        bounds = ImportBounds(decision.ceiling_kw, self.site.connection.export_limit_kw)
        powers = guarded_powers(self.site.batteries, planned, bounds, reading, left_h)
        is_clamped = any(abs(powers[name] - planned[name]) > 1e-9 for name in planned)  # noqa: PLR2004 - rounding
        return GuardedPower(at=now, power_kw=powers, is_clamped=is_clamped)

    def _check(self, now: datetime, measured: Measured) -> None:
        interval = measured.interval
        seconds = self.options.step.total_seconds()
        if interval.end - interval.start != self.options.step or interval.start.timestamp() % seconds:
            message = f"measured: {interval} is not one aligned step of {self.options.step}; average it first"
            raise InvalidInputError(message)
        if now < interval.end:
            message = f"measured: {interval} is not over at {now.isoformat()}; observe whole intervals only"
            raise InvalidInputError(message)
        unknown = (set(measured.power_kw) | set(measured.soc)) - {asset.id for asset in self.site.assets}
        if unknown:
            message = f"measured: {min(unknown)!r} is no asset of site {self.site.id!r}"
            raise InvalidInputError(message)

    def _remember(self, measured: Measured) -> None:
        columns = {
            column_of(self.site, asset.id): np.array([measured.power_kw[asset.id]])
            for asset in self.site.forecast_assets
            if asset.id in measured.power_kw
        }
        columns |= {column_of(self.site, name): np.array([price]) for name, price in measured.prices_per_kwh.items()}
        if measured.t_out_c is not None:
            columns["t_out_c"] = np.array([measured.t_out_c])
        if not columns:
            return
        latest = Measurements(TimeGrid(measured.interval.start, self.options.step, 1), columns)
        history = latest if self.history is None else self.history.append(latest)
        keep = self.options.history // self.options.step
        if history.grid.n_steps > 2 * keep:
            history = history.part(history.grid.n_steps - keep, keep)
        self.history = history

    def _advance_ledger(self, measured: Measured, grid_kw: float) -> None:
        usage = Usage(
            grid=TimeGrid(measured.interval.start, self.options.step, 1),
            import_kw=np.array([max(grid_kw, 0.0)]),
            export_kw=np.array([max(-grid_kw, 0.0)]),
            prices={name: np.array([price]) for name, price in measured.prices_per_kwh.items()},
        )
        self.ledger = advance(self.site.tariff, self.ledger, usage)

    def _grid(self, now: datetime) -> TimeGrid:
        seconds = self.options.step.total_seconds()
        start = now - timedelta(seconds=now.timestamp() % seconds)
        return TimeGrid(start, self.options.step, self.options.horizon // self.options.step)

    def _stale(self, now: datetime) -> str:
        for battery in self.site.batteries:
            if battery.id not in self._soc:
                return f"no SOC of {battery.id!r} has been observed"
            measured_at, _ = self._soc[battery.id]
            if now - measured_at > self.options.step + self.options.soc_max_age:
                return f"the SOC of {battery.id!r} is from {measured_at.isoformat()}, too old to plan on"
        return ""

    def _month_targets(self, now: datetime, outlook: Outlook) -> Mapping[str, float]:
        """Peaks worth defending, planned once a local day and raised to what the meter has reached since."""
        if not any(isinstance(rule, Demand) for rule in self.site.tariff.components):
            return {}
        day = now.astimezone(self.site.zone).date()
        period = self.site.tariff.period_of(now)
        if self._targets is not None:
            made_at, targets = self._targets
            if made_at.astimezone(self.site.zone).date() == day and period.contains(made_at):
                return targets
        states = {battery.id: BatteryState(soc=self._soc[battery.id][1]) for battery in self.site.batteries}
        targets = month_targets(self.site, self.history, self.ledger, states, outlook.grid)
        self._targets = now, targets
        return targets

    def _inputs(self, now: datetime, grid: TimeGrid, outlook: Outlook, targets: Mapping[str, float]) -> PlanInputs:
        base = self.options.plan
        states = {
            battery.id: BatteryState(soc=self._soc[battery.id][1], power_kw=self._battery_kw.get(battery.id))
            for battery in self.site.batteries
        }
        return PlanInputs(
            now=now,
            grid=grid,
            power_kw=outlook.power_kw,
            states=states,
            prices=outlook.prices,
            ledger=self.ledger,
            options=PlanOptions(
                terminal=base.terminal,
                stored_energy_value_per_kwh=base.stored_energy_value_per_kwh,
                peak_targets_kw=targets,
                solve_limit_s=base.solve_limit_s,
            ),
        )

    def _commands(self, plan: Plan) -> tuple[Command, ...]:
        start, end = plan.grid.start, plan.grid.time_of(1)
        return tuple(
            Command(
                id=f"{self.site.id}/{battery.id}/{start.isoformat()}",
                asset_id=battery.id,
                power_kw=float(plan.assets[battery.id].power_kw[0]),
                valid_from=start,
                valid_until=end,
                reason=plan.reasons[0],
            )
            for battery in self.site.batteries
        )

    def _ceiling_kw(self, plan: Plan, targets: Mapping[str, float]) -> float:
        """The lowest peak in force now, never below what the plan itself wants to import; the connection's limit."""
        in_force = peak_ceiling_kw(self.site.tariff, self.ledger, targets, plan.grid)
        planned = float(plan.grid_power_kw[0])
        return min(max(in_force, planned), max(self.site.connection.import_limit_kw, 0.0))
