"""Requests to try in the documentation: a factory with a battery, on four hours; each is valid as it stands."""

from __future__ import annotations

from collections.abc import Mapping

JsonObject = dict[str, object]

_LOAD_KW = [150, 155, 160, 180, 210, 240, 260, 270, 265, 250, 230, 210, 190, 175, 165, 160]
_PV_KW = [0, 5, 15, 30, 45, 60, 70, 75, 75, 70, 60, 45, 30, 15, 5, 0]
_WINDOWS = {"morning": ["06:00", "08:00"], "noon": ["08:00", "24:00"], "night": ["00:00", "06:00"]}
_ENERGY = {"morning": 26.0, "noon": 70.0, "night": 16.0}
_DEMAND = {"noon": 10154.0}


def _component(kind: str, price_name: str, window: str, price: float) -> JsonObject:
    name = {"id": f"{kind}_{window}", "kind": kind, price_name: price, "when": {"windows": [_WINDOWS[window]]}}
    return {**name, **({"direction": "import"} if kind == "energy" else {"interval_minutes": 15})}


def _request(options: JsonObject, *, with_demand: bool) -> JsonObject:
    components = [_component("energy", "price_per_kwh", window, price) for window, price in _ENERGY.items()]
    if with_demand:
        components += [_component("demand", "price_per_kw", window, price) for window, price in _DEMAND.items()]
    return {
        "site": {
            "id": "factory",
            "zone": "America/Costa_Rica",
            "connection": {"import_limit_kw": 1000, "export_limit_kw": 0},
            "assets": [
                {"kind": "load", "id": "load"},
                {"kind": "pv", "id": "roof"},
                {
                    "kind": "battery",
                    "id": "bess",
                    "capacity_kwh": 500,
                    "charge_limit_kw": 250,
                    "discharge_limit_kw": 250,
                    "round_trip_efficiency": 0.9,
                    "soc_min": 0.1,
                    "soc_max": 0.9,
                },
            ],
            "tariff": {
                "id": "example",
                "version": "1",
                "currency": "CRC",
                "zone": "America/Costa_Rica",
                "billing": {"cycle": "calendar_month"},
                "components": components,
            },
        },
        "now": "2026-01-15T06:00:00-06:00",
        "grid": {"start": "2026-01-15T06:00:00-06:00", "step_minutes": 15, "steps": 16},
        "state": {"bess": {"soc": 0.5}},
        "forecasts": {"load": {"power_kw": _LOAD_KW}, "roof": {"power_kw": _PV_KW, "source": "yesterday"}},
        "options": options,
    }


PLAN_REQUESTS: Mapping[str, JsonObject] = {
    "free": {
        "summary": "The battery may end anywhere",
        "value": _request({"terminal": "free"}, with_demand=False),
    },
    "neutral": {
        "summary": "The battery ends no lower than it starts",
        "value": _request({"terminal": "at_least_start"}, with_demand=False),
    },
    "demand": {
        "summary": "With a demand charge, 180 kW reached so far this month",
        "value": {
            **_request({"terminal": "at_least_start"}, with_demand=True),
            "reached_peaks_kw": {"demand_noon": 180},
        },
    },
}
"""By name: the examples of ``POST /v1/plan``."""
