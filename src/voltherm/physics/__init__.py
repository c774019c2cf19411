"""Pure simulation of the assets: the oracle of the optimizer, and the plant of the backtest."""
