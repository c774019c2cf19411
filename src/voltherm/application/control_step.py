"""The controller that other programs embed: told what was measured, it decides; no clock, network or database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
from voltherm.domain.plan import Fallback, Infeasible, Plan, PlanInputs, PlanOptions
from voltherm.domain.series import Series
from voltherm.domain.site import Site
from voltherm.domain.tariffs import Demand, Usage
from voltherm.domain.time import TimeGrid, local_midnight, utc_instant
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
    plan: PlanOptions = field(default_factory=lambda: PlanOptions(solve_limit_s=0.5))


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
        self._observed_until = self.ledger.as_of
        self._targets: tuple[datetime, Mapping[str, float]] | None = None
        if history is not None and history.grid.step != self.options.step:
            message = f"history: has steps of {history.grid.step}, the controller {self.options.step}; resample it"
            raise InvalidInputError(message)

    def observe(self, now: datetime, measured: Measured) -> None:
        """Take in the means of one interval that is over, and the SOC at its end.

        Parameters
        ----------
        now : datetime
            When it is told; not before the interval's end. What ended before the last observation only fills the
            history: ledger and SOC stay, so that telling twice changes nothing.
        measured : Measured
            What was measured; the interval must be one step of the controller.

        Raises
        ------
        InvalidInputError
            When the interval is not one aligned step, not over, or names an asset that the site does not have; or lacks
            a price or reactive power that the tariff is billed by. Nothing is changed then.
        """
        now = utc_instant(now, "now")
        self._check(now, measured)
        is_new = self._observed_until is None or measured.interval.end > self._observed_until
        ledger = self._advanced(measured) if is_new else self.ledger
        self._remember(measured)
        if not is_new:
            return
        self.ledger, self._observed_until = ledger, measured.interval.end
        for battery_id, soc in measured.soc.items():
            self._soc[battery_id] = measured.interval.end, soc
        for battery in self.site.batteries:
            if battery.id in measured.power_kw:
                self._battery_kw[battery.id] = measured.power_kw[battery.id]

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
        if isinstance(grid, str):
            return Decision(now=now, rung=Rung.NO_SETPOINT, why=grid)
        stale = self._stale(grid.start)
        if stale:
            return Decision(now=now, rung=Rung.NO_SETPOINT, why=stale)
        try:
            outlook = look_out(self.site, self.history, now, grid, forecasts or {}, self._forecasts)
        except MissingOutlookError as error:
            return Decision(now=now, rung=Rung.NO_SETPOINT, why=str(error))
        targets = self._month_targets(now, outlook)
        plan = plan_site(self.site, self._inputs(now, grid, outlook, targets))
        if isinstance(plan.outcome, Fallback | Infeasible):
            return Decision(now=now, rung=Rung.NO_SETPOINT, why=plan.outcome.why, plan=plan, targets_kw=targets)
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
        for plant in self.site.pv_plants:  # what an inverter draws at night is no production
            column = column_of(self.site, plant.id)
            if column in columns:
                columns[column] = np.maximum(columns[column], 0.0)
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

    def _advanced(self, measured: Measured) -> Ledger:
        """The ledger with the interval's import; without a meter reading, by the balance where all assets are known."""
        grid_kw = measured.grid_kw if measured.grid_kw is not None else self._balance_kw(measured)
        if grid_kw is None:
            return self.ledger
        reactive = measured.reactive_kvar
        usage = Usage(
            grid=TimeGrid(measured.interval.start, self.options.step, 1),
            import_kw=np.array([max(grid_kw, 0.0)]),
            export_kw=np.array([max(-grid_kw, 0.0)]),
            prices={name: np.array([price]) for name, price in measured.prices_per_kwh.items()},
            reactive_kvar=None if reactive is None else np.array([reactive]),
        )
        return advance(self.site.tariff, self.ledger, usage)

    def _balance_kw(self, measured: Measured) -> float | None:
        if any(asset.id not in measured.power_kw for asset in self.site.assets):
            return None
        loads = sum(measured.power_kw[load.id] for load in self.site.loads)
        batteries = sum(measured.power_kw[battery.id] + battery.standby_kw for battery in self.site.batteries)
        return loads + batteries - sum(measured.power_kw[plant.id] for plant in self.site.pv_plants)

    def _grid(self, now: datetime) -> TimeGrid | str:
        """The steps to plan, cut where the tariff's version ends; or why there are none."""
        seconds, step = self.options.step.total_seconds(), self.options.step
        start = now - timedelta(seconds=now.timestamp() % seconds)
        known_until = self.ledger.as_of
        if known_until is not None and start < known_until:
            if known_until - start > step:
                return (
                    f"now is {now.isoformat()}, but the meter is read until {known_until.isoformat()}; check the clock"
                )
            start = known_until
        end = start + self.options.horizon // step * step
        tariff = self.site.tariff
        if tariff.valid_until is not None:
            end = min(end, local_midnight(tariff.valid_until, tariff.zone))
        starts_early = tariff.valid_from is not None and start < local_midnight(tariff.valid_from, tariff.zone)
        if starts_early or end - start < step:
            return (
                f"tariff {tariff.id!r} version {tariff.version!r} does not hold at {start.isoformat()}; give the next"
            )
        return TimeGrid(start, step, (end - start) // step)

    def _stale(self, start: datetime) -> str:
        for battery in self.site.batteries:
            if battery.id not in self._soc:
                return f"no SOC of {battery.id!r} has been observed"
            measured_at, _ = self._soc[battery.id]
            if start - measured_at > self.options.soc_max_age:
                return f"the SOC of {battery.id!r} is from {measured_at.isoformat()}, too old to plan on"
        return ""

    def _month_targets(self, now: datetime, outlook: Outlook) -> Mapping[str, float]:
        """Peaks worth defending, planned once a local day; the plan pays above them and above what is reached."""
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
        if targets:
            self._targets = now, targets
        return targets

    def _inputs(self, now: datetime, grid: TimeGrid, outlook: Outlook, targets: Mapping[str, float]) -> PlanInputs:
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
            options=replace(self.options.plan, peak_targets_kw=targets),
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
