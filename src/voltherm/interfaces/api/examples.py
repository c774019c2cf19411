"""Requests to try in the documentation: a factory with a battery, a house with a heat pump, on four hours each.

Each is valid as it stands.
"""

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


_SPOT = [38.1, 36.5, 41.0, 78.2]
_OUTDOOR_C = [-12.8, -13.1, -13.0, -12.6]
_HOURLY: JsonObject = {"start": "2026-01-15T03:00:00+02:00", "step_minutes": 60}


def _house() -> JsonObject:
    """A house that is known by insulation, areas and type plate, in the hours before the morning's prices."""
    preset = {
        "insulation": "high",
        "floor_area_m2": 150,
        "volume_m3": 450,
        "heat_pump_type": "GSHP",
        "rated_heat_kw": 12,
        "cop": 4.0,
        "design_outdoor_c": -32,
        "comfort": {"low_c": 19, "high_c": 23},
    }
    return {
        "site": {
            "id": "house",
            "zone": "Europe/Helsinki",
            "connection": {"import_limit_kw": 17.25},
            "assets": [{"kind": "load", "id": "load"}, {"kind": "heat_pump", "id": "heat_pump", "preset": preset}],
            "tariff": {"library": "finland-spot"},
        },
        "now": "2026-01-15T03:00:00+02:00",
        "grid": {"start": "2026-01-15T03:00:00+02:00", "step_minutes": 15, "steps": 16},
        "heat": {"heat_pump": {"room_c": 20.5, "mode": "NORMAL"}},
        "weather": {**_HOURLY, "outdoor_c": _OUTDOOR_C, "irradiance_w_m2": [0, 0, 0, 0], "source": "forecast"},
        "forecasts": {"load": {**_HOURLY, "power_kw": [0.3, 0.3, 0.4, 0.8]}},
        "prices": {"fi_spot": {**_HOURLY, "price_eur_per_mwh": _SPOT, "source": "day-ahead"}},
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
    "house": {
        "summary": "A house with a heat pump that buys at the spot price",
        "value": _house(),
    },
}
"""By name: the examples of ``POST /v1/plan``."""
