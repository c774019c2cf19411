"""How a backtest is done, in sentences for its reader."""

from __future__ import annotations

from typing import Final

from voltherm.domain.site import Site

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

HEAT_METHOD: Final = (
    (
        "Houses: the same building and heat pump for all policies, from the same temperatures, under the measured "
        "weather. Heat in the building at the end above the start is worth the electricity that would make it, at the "
        "mean import price and the mean COP of the last day."
    ),
    (
        "Kelvin-hours outside the comfort band are counted at the steps' ends, for all policies against the same "
        "band. A start is a step with a running compressor after one without, or a step with less heat than the "
        "compressor gives at its modulation floor: it switches off and on again within it."
    ),
    (
        "thermostat: the unit's own control holds the set point, knows the weather of the step, and never looks at "
        "prices; thermostat-low holds the lower edge of the comfort band. none and timer hold the set point too."
    ),
    (
        "greedy: BOOST in the lowest third of the day's range of prices, ECO in the highest if the rooms are above "
        "their minimum, else NORMAL; BOOST below the minimum. Its BOOST ends at the top of the band, ECO at the bottom."
    ),
    (
        "mpc knows the building, and of the weather what was measured before: the usual day and an anomaly that fades. "
        "Prices beyond the published ones come from its own forecast. Within the step the unit's own control keeps the "
        "rooms in the band, as it does under a thermostat."
    ),
    "perfect plans the heat pump as a modulating one, whatever its schedule.",
)


def method_of(site: Site) -> tuple[str, ...]:
    """Return how a site's backtest is done."""
    return (*METHOD, *HEAT_METHOD) if site.heat_pumps else METHOD
