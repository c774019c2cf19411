"""The policy ``none``: the batteries rest."""

from __future__ import annotations

from voltherm.application.simulated_site import Setpoints
from voltherm.domain.control import Measured, MeterReading


class Rest:
    """Leaves every battery alone."""

    def setpoints(self, step: int, reading: MeterReading) -> Setpoints:  # noqa: ARG002 - looks at nothing
        """Return nothing to do."""
        return Setpoints()

    def learn(self, measured: Measured) -> None:
        """Learn nothing."""
