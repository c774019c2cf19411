"""What a page about the demo shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.control import Decision
from voltherm.domain.ledger import Ledger
from voltherm.domain.series import Provenance
from voltherm.domain.site import Site
from voltherm.domain.tariffs import Bill
from voltherm.domain.time import TimeGrid


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DemoSeries:
    """What the simulated meters saw, one value for each step that is over.

    Parameters
    ----------
    grid : TimeGrid
        The steps, from the begin of the replay to ``DemoSnapshot.replayed_until``.
    load_kw, pv_kw, pv_curtailed_kw : NDArray, shape (n_steps,)
        Recorded load, sun taken, sun left. [kW]
    battery_kw : NDArray, shape (n_steps,)
        Sum of the batteries, charging positive. [kW]
    grid_kw, without_battery_kw : NDArray, shape (n_steps,)
        Meter, import positive, and what it would have seen with the batteries at rest. [kW]
    soc : NDArray, shape (n_steps,)
        Stored energy as a share of all batteries' capacity at the end of each step, 0 to 1.
    ceiling_kw : NDArray, shape (n_steps,)
        Import that the controller defended; infinite where it defended none. [kW]
    """

    grid: TimeGrid
    load_kw: NDArray[np.float64]
    pv_kw: NDArray[np.float64]
    pv_curtailed_kw: NDArray[np.float64]
    battery_kw: NDArray[np.float64]
    grid_kw: NDArray[np.float64]
    without_battery_kw: NDArray[np.float64]
    soc: NDArray[np.float64]
    ceiling_kw: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DemoSnapshot:
    """Everything that a page about the demo shows; immutable, so that it may be handed to another thread.

    Parameters
    ----------
    site : Site
        The demo site.
    label : str
        What stands beside every figure, such as ``demo data: UCSD Music Building 2018``.
    provenance : Provenance
        Of all measured series; quality is always ``demo``.
    now : datetime
        The instant that ``advance`` was last called with.
    replayed_until : datetime
        End of the last simulated step.
    is_caught_up : bool
        Whether ``replayed_until`` is the begin of the step that is running at ``now``.
    measured : DemoSeries or None
        What was measured; None before the first step.
    decision : Decision or None
        What runs now: the plan is ``decision.plan``; None before the controller has caught up.
    soc : dict of battery id to float
        State of charge at ``replayed_until``, 0 to 1.
    ledger : Ledger
        Peaks reached in the running billing period.
    billed_from : datetime
        Begin of what is billed below: of the billing period, or of the replay where that is later.
    bill, bill_without_battery : Bill or None
        The running billing period so far, with the battery and with it at rest; None before its first step.
    """

    site: Site
    label: str
    provenance: Provenance
    now: datetime
    replayed_until: datetime
    is_caught_up: bool
    measured: DemoSeries | None
    decision: Decision | None
    soc: dict[str, float]
    ledger: Ledger
    billed_from: datetime
    bill: Bill | None
    bill_without_battery: Bill | None
