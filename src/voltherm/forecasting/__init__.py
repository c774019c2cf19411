"""Forecasts from a site's own history: pure functions of a view that refuses lookahead."""
