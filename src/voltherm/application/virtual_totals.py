"""Where the energy of a simulated site went since it began: counted flow by flow, losses by their own formula."""

from __future__ import annotations

from dataclasses import dataclass, fields

from voltherm.application.virtual_meter import Piece
from voltherm.domain.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Energies; every one is non-negative. [kWh].

    Parameters
    ----------
    load_kwh : float
        Consumed by the loads.
    imported_kwh, exported_kwh : float
        Taken from and given to the grid, netted at every instant.
    pv_used_kwh, pv_curtailed_kwh : float
        Sun that was taken, and that was left.
    charged_kwh, discharged_kwh : float
        AC energy into and out of the batteries.
    standby_kwh : float
        Drawn by the batteries' auxiliaries.
    conversion_loss_kwh, standing_loss_kwh : float
        Lost between AC and stored, and by storing.
    """

    load_kwh: float = 0.0
    imported_kwh: float = 0.0
    exported_kwh: float = 0.0
    pv_used_kwh: float = 0.0
    pv_curtailed_kwh: float = 0.0
    charged_kwh: float = 0.0
    discharged_kwh: float = 0.0
    standby_kwh: float = 0.0
    conversion_loss_kwh: float = 0.0
    standing_loss_kwh: float = 0.0

    def plus(self, piece: Piece, site: Site) -> Totals:
        """Return them with a piece counted in."""
        added = _of(piece, site)
        return Totals(**{name: getattr(self, name) + getattr(added, name) for name in _NAMES})

    def imbalance_kwh(self, stored_more_kwh: float) -> float:
        """Return what came in less what went out, was lost and is stored; zero but for rounding. [kWh].

        ``import + sun = load + export + standby + losses + stored more``.

        Parameters
        ----------
        stored_more_kwh : float
            Energy stored now above that at the begin. [kWh]
        """
        came = self.imported_kwh + self.pv_used_kwh
        lost = self.standby_kwh + self.conversion_loss_kwh + self.standing_loss_kwh
        return came - self.load_kwh - self.exported_kwh - lost - stored_more_kwh


_NAMES = tuple(field.name for field in fields(Totals))


def _of(piece: Piece, site: Site) -> Totals:
    hours, flows = piece.span.hours, piece.flows
    charged = discharged = conversion = standing = 0.0
    for battery in site.batteries:
        power = flows.battery_kw[battery.id]
        charge, discharge = max(power, 0.0) * hours, max(-power, 0.0) * hours
        charged += charge
        discharged += discharge
        conversion += charge * (1 - battery.charge_efficiency) + discharge * (1 / battery.discharge_efficiency - 1)
        stored_kwh = piece.soc_before[battery.id] * battery.capacity_kwh
        standing += stored_kwh * (1 - (1 - battery.standing_loss_per_h) ** hours)
    return Totals(
        load_kwh=hours * sum(piece.weather.load_kw.values()),
        imported_kwh=hours * max(flows.grid_kw, 0.0),
        exported_kwh=hours * max(-flows.grid_kw, 0.0),
        pv_used_kwh=hours * flows.pv_used_kw,
        pv_curtailed_kwh=hours * flows.pv_curtailed_kw,
        charged_kwh=charged,
        discharged_kwh=discharged,
        standby_kwh=hours * sum(battery.standby_kw for battery in site.batteries),
        conversion_loss_kwh=conversion,
        standing_loss_kwh=standing,
    )
