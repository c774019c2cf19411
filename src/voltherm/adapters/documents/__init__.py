"""Documents: sites, tariffs, requests, answers and series as people and programs write them."""
