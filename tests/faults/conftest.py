"""What the fault tests share."""

from tests.faults.bed import bed

__all__ = ["bed"]
