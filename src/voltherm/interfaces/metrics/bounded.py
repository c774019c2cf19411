"""Labels of which there can only ever be so many."""

from __future__ import annotations

import re
from typing import Final

OTHER: Final = "other"
MOST_VALUES: Final = 40
LONGEST_VALUE: Final = 100


class BoundedLabel:
    """The values of one label: the first ones keep their names, the rest are ``other``.

    Parameters
    ----------
    most : int
        How many values get a name. Each is a time series that the monitoring keeps for as long as it keeps anything.
    """

    def __init__(self, most: int = MOST_VALUES) -> None:
        self._most = most
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        """Return ``value`` as a label: short, printable, and ``other`` when there are too many."""
        name = re.sub(r"[^\x20-\x7e]", "?", value)[:LONGEST_VALUE] or OTHER
        if name in self._known or len(self._known) < self._most:
            self._known.add(name)
            return name
        return OTHER
