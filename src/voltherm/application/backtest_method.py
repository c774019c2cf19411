"""How a backtest is done, in sentences for its reader."""

from __future__ import annotations

from typing import Final

METHOD: Final = (
    "The simulated site sees the measured load and sun; its simulated meter is billed by the tariff's own bill.",
    (
        "All policies use the same battery physics, start from the same SOC, and value energy stored at the end above "
        "the start at the mean import price of energy (below it costs the same)."
    ),
    "cost = bill + wear - worth of stored energy; saved % = (none - policy) / (none - perfect) of these costs.",
    "none: the batteries rest.",
    (
        "timer: constant power in the cheapest and the dearest hours of each local day, sized to the battery's energy, "
        "without looking at load or peaks."
    ),
    (
        "mpc: decides every step on its own forecasts from what was measured before; its guard acts within the step "
        "with the measured net load of that step, as a fast meter would see it."
    ),
    (
        "perfect: one plan that knows the measured future; a span above 35 days is planned one billing period after "
        "the other, each from where the one before ended."
    ),
    "Day-ahead prices of a Central European day are known from 14:00 Central European time of the day before.",
    "Peaks that the meter reached before the first day are not known: the billing period begins with none.",
    "Sun above the connection's export limit is curtailed; only the perfect plan curtails for prices.",
)
