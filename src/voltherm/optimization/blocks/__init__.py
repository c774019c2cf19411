"""One file per asset: what it may do, as columns and rows, and what it draws from the meter. No block knows another."""
