"""The validator: a simulated battery with meter and bill, as a service of its own."""
