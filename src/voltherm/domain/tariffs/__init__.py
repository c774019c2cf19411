"""Tariffs: one file per rule, each with its bill. A new rule joins the union `TariffRule`."""

from __future__ import annotations

from voltherm.domain.tariffs.accounts import TariffRule
from voltherm.domain.tariffs.bill import Bill, BillLine
from voltherm.domain.tariffs.billing import BillingCycle, Cycle
from voltherm.domain.tariffs.demand import Demand
from voltherm.domain.tariffs.energy import Energy
from voltherm.domain.tariffs.fixed import Fixed
from voltherm.domain.tariffs.hours_use import HoursUse
from voltherm.domain.tariffs.layout import DemandLayout
from voltherm.domain.tariffs.metering import Bucket, Metering
from voltherm.domain.tariffs.over_periods import MeanLast, Ratchet, Ratchets
from voltherm.domain.tariffs.price import Price, StepEdge, Steps
from voltherm.domain.tariffs.proration import Per, Proration
from voltherm.domain.tariffs.quantity import Direction, PowerQuantity, Unit
from voltherm.domain.tariffs.statistic import Statistic
from voltherm.domain.tariffs.tariff import LATER_BILLS, Tariff, TariffValidityError
from voltherm.domain.tariffs.tax import Tax
from voltherm.domain.tariffs.tiers import TierMode, TierPer, TierRow, Tiers
from voltherm.domain.tariffs.usage import Usage
from voltherm.domain.tariffs.windows import HolidayRule, HolidayTreatment, When

__all__ = [
    "LATER_BILLS",
    "Bill",
    "BillLine",
    "BillingCycle",
    "Bucket",
    "Cycle",
    "Demand",
    "DemandLayout",
    "Direction",
    "Energy",
    "Fixed",
    "HolidayRule",
    "HolidayTreatment",
    "HoursUse",
    "MeanLast",
    "Metering",
    "Per",
    "PowerQuantity",
    "Price",
    "Proration",
    "Ratchet",
    "Ratchets",
    "Statistic",
    "StepEdge",
    "Steps",
    "Tariff",
    "TariffRule",
    "TariffValidityError",
    "Tax",
    "TierMode",
    "TierPer",
    "TierRow",
    "Tiers",
    "Unit",
    "Usage",
    "When",
]
