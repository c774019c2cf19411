"""What a backtest found, as a JSON document and as one self-contained page."""
