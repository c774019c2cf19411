"""The site as its document: reading it again gives an equal site."""

from __future__ import annotations

from dataclasses import asdict
from typing import assert_never

from voltherm.adapters.documents.heat_pump import heat_pump_to_document
from voltherm.adapters.documents.tariff import tariff_to_document
from voltherm.domain.assets import Asset, Battery, HeatPump, Load, Pv
from voltherm.domain.site import Site


def site_to_document(site: Site) -> dict[str, object]:
    """Return the document of the site, its tariff written out: ``site_from_document`` gives an equal site."""
    return {
        "id": site.id,
        "zone": site.zone.key,
        "connection": asdict(site.connection),
        "assets": [_asset(asset) for asset in site.assets],
        "tariff": tariff_to_document(site.tariff),
    }


def _asset(asset: Asset) -> dict[str, object]:
    match asset:
        case Battery():
            return {"kind": "battery", **asdict(asset)}
        case HeatPump():
            return heat_pump_to_document(asset)
        case Load():
            return {"kind": "load", **asdict(asset)}
        case Pv():
            return {"kind": "pv", **asdict(asset)}
        case _:
            assert_never(asset)
