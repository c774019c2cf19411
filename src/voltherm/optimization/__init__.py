"""From site and tariff to one linear problem, and from its solution back; pure, and the only ring that solves."""
