"""Those who know the price of electricity: one file per source; `_blueprint.py` is where a new one begins."""

from voltherm.adapters.prices.csv_file import PriceFile
from voltherm.adapters.prices.demo import DEMO_CURRENCY, DemoPrices

__all__ = ["DEMO_CURRENCY", "DemoPrices", "PriceFile"]
