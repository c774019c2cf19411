"""The controller that other programs embed: told what was measured, it decides; no clock, network or database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from voltherm.application.decide_site import ControlOptions, decide_site
from voltherm.application.own_forecasts import OwnForecasts
from voltherm.application.site_memory import SiteMemory, observed
from voltherm.domain.control import Decision, GuardedPower, Measured, MeterReading
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.ledger import Ledger
from voltherm.domain.measurements import Measurements
from voltherm.domain.series import Series
from voltherm.domain.site import Site
from voltherm.domain.time import utc_instant
from voltherm.physics.guard import ImportBounds, guarded_powers

__all__ = ["ControlOptions", "SiteController"]


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
        kept = ledger or Ledger.empty()
        self._memory = SiteMemory(history=history, ledger=kept, observed_until=kept.as_of)
        self._forecasts = OwnForecasts(site)
        if history is not None and history.grid.step != self.options.step:
            message = f"history: has steps of {history.grid.step}, the controller {self.options.step}; resample it"
            raise InvalidInputError(message)

    @property
    def history(self) -> Measurements | None:
        """What was measured, in steps of the controller."""
        return self._memory.history

    @property
    def ledger(self) -> Ledger:
        """What the meter has reached in the running billing period."""
        return self._memory.ledger

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
        interval = measured.interval
        seconds = self.options.step.total_seconds()
        if interval.end - interval.start != self.options.step or interval.start.timestamp() % seconds:
            message = f"measured: {interval} is not one aligned step of {self.options.step}; average it first"
            raise InvalidInputError(message)
        if now < interval.end:
            message = f"measured: {interval} is not over at {now.isoformat()}; observe whole intervals only"
            raise InvalidInputError(message)
        self._memory = observed(self.site, self._memory, measured, self.options.history)

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
        decided = decide_site(self.site, self._memory, now, forecasts or {}, options=self.options, own=self._forecasts)
        self._memory = replace(self._memory, targets=decided.targets)
        return decided.decision

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
