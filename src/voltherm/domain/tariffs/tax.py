"""Tax or levy: a share of other lines, earlier taxes among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.tariffs.bill import BillLine

MOST_RATE = 2.0
"""A share above 200 % of its base is a percentage by mistake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """A rate on the sum of named lines; negative lines are taxed too.

    Parameters
    ----------
    id, label : str
        Name within the tariff, and what the bill calls it.
    rate : float
        The share, 0.255 for 25.5 %.
    on : tuple of str
        Ids or patterns such as ``energy_*`` of the components it falls on. Of taxes only those earlier in the tariff.
    included : bool
        The prices include it already: the line shows the share and adds nothing.
    applies_above_kwh : float or None
        It falls due only when the bill's import is above this, and then on the whole. [kWh]
    base_first_kwh : float or None
        It falls only on the part of the base that belongs to the first so many kWh of the bill: the base times
        ``min(1, base_first_kwh / import)``. [kWh]

    Raises
    ------
    InvalidInputError
        For a negative rate, no ``on``, or limits that are not positive.
    """

    id: str
    label: str = ""
    rate: float
    on: tuple[str, ...]
    included: bool = False
    applies_above_kwh: float | None = None
    base_first_kwh: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= MOST_RATE:
            message = f"tax {self.id}: rate {self.rate} must be between 0 and {MOST_RATE:g} (0.255 for 25.5 %)"
            raise InvalidInputError(message)
        if not self.on:
            message = f"tax {self.id}: on is empty; name the components it falls on"
            raise InvalidInputError(message)
        for limit in (self.applies_above_kwh, self.base_first_kwh):
            if limit is not None and not 0 <= limit < float("inf"):
                message = f"tax {self.id}: {limit} kWh must be finite and at least 0"
                raise InvalidInputError(message)

    @property
    def is_conditional(self) -> bool:
        """Whether it depends on the energy of the bill."""
        return self.applies_above_kwh is not None or self.base_first_kwh is not None

    def falls_on(self, component_id: str) -> bool:
        """Return whether one of the patterns matches."""
        return any(fnmatchcase(component_id, pattern) for pattern in self.on)

    def base(self, amounts: Mapping[str, float]) -> float:
        """Return the sum of the lines it falls on; ``amounts`` holds the components and the earlier taxes."""
        return sum(amount for component_id, amount in amounts.items() if self.falls_on(component_id))

    def share(self, import_kwh: float) -> float:
        """Return which part of the base is taxed at so much import, 0 to 1."""
        if self.applies_above_kwh is not None and import_kwh <= self.applies_above_kwh:
            return 0.0
        if self.base_first_kwh is not None and import_kwh > self.base_first_kwh:
            return self.base_first_kwh / import_kwh
        return 1.0

    def marginal_share(self, import_kwh: float) -> float:
        """Return which part of one more kWh's amount is taxed when so much is already imported: 0 or 1."""
        if self.applies_above_kwh is not None and import_kwh <= self.applies_above_kwh:
            return 0.0
        return 0.0 if self.base_first_kwh is not None and import_kwh >= self.base_first_kwh else 1.0

    def is_settled(self, import_kwh: float) -> bool:
        """Return whether more import can no longer change how it falls: a share of the first kWh always changes."""
        return self.base_first_kwh is None and (self.applies_above_kwh is None or import_kwh > self.applies_above_kwh)

    def amount(self, base: float, import_kwh: float) -> float:
        """Return the tax on ``base``; of an included tax the share that ``base`` contains. [currency]."""
        taxed = base * self.share(import_kwh)
        return taxed * self.rate / (1 + self.rate) if self.included else taxed * self.rate

    def line(self, amounts: Mapping[str, float], import_kwh: float) -> BillLine:
        """Return the component's line of the bill, before rounding."""
        base = self.base(amounts)
        return BillLine(
            component_id=self.id,
            label=self.label or self.id,
            quantity=base * self.share(import_kwh),
            unit="base",
            rate=self.rate,
            amount=self.amount(base, import_kwh),
            note="included in the prices" if self.included else "",
            is_included=self.included,
        )
