"""One file per tariff rule: its cost in the plan. No term knows a battery."""
