"""What a planner must know of one demand component in one billing period on one grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.ledger import DemandRecord
from voltherm.domain.time import Interval


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DemandLayout:
    """The weighted means ``x_i = constant_kw[i] + sum over j with interval[j] == i of weight[j] * import_kw[step[j]]``.

    Parameters
    ----------
    period : Interval
        The billing period.
    record : DemandRecord
        What the component remembers, as seen by that period; for ``billed_kw`` and ``later_bills``.
    step, interval : NDArray of int, shape (m,)
        Steps that count, and the metering interval 0..n_intervals-1 of each.
    weight : NDArray, shape (m,)
        Share of the step's power in the interval's mean, times the component's weight factor.
    constant_kw : NDArray, shape (n_intervals,)
        Part of the mean that is already metered: of an interval in progress. [kW]
    bucket : NDArray of int, shape (n_intervals,)
        Bucket 0..n_buckets-1 of each interval; without buckets each interval is its own.
    bucket_reached_kw : NDArray, shape (n_buckets,)
        What the ledger already holds for these buckets, 0 if nothing. [kW]
    other_buckets_kw : NDArray, shape (k,)
        What the ledger holds for the other buckets of the period. [kW]
    """

    period: Interval
    record: DemandRecord
    step: NDArray[np.int64]
    interval: NDArray[np.int64]
    weight: NDArray[np.float64]
    constant_kw: NDArray[np.float64]
    bucket: NDArray[np.int64]
    bucket_reached_kw: NDArray[np.float64]
    other_buckets_kw: NDArray[np.float64]

    def buckets_kw(self, import_kw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the value of every bucket, first this grid's, then the others, with the planned import. [kW].

        Parameters
        ----------
        import_kw : NDArray, shape (n_steps,)
            Mean import of each step. [kW]
        """
        planned = np.bincount(self.interval, self.weight * import_kw[self.step], len(self.constant_kw))
        values = self.bucket_reached_kw.copy()
        np.maximum.at(values, self.bucket, self.constant_kw + planned)
        return np.concatenate([values, self.other_buckets_kw])
