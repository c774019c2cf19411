"""Forecasts from a site's own history: pure functions of a view that refuses lookahead."""

from voltherm.forecasting.history import NoHistoryError
from voltherm.forecasting.load import LoadModel, fit_load, forecast_load
from voltherm.forecasting.price import PriceModel, fit_price, forecast_price
from voltherm.forecasting.price_known import Ahead
from voltherm.forecasting.pv import PvModel, fit_pv, forecast_pv
from voltherm.forecasting.scores import Forecaster, Scores, score_rolling, seasonal_naive

__all__ = [
    "Ahead",
    "Forecaster",
    "LoadModel",
    "NoHistoryError",
    "PriceModel",
    "PvModel",
    "Scores",
    "fit_load",
    "fit_price",
    "fit_pv",
    "forecast_load",
    "forecast_price",
    "forecast_pv",
    "score_rolling",
    "seasonal_naive",
]
