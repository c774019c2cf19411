"""The grid connection: import and export columns, soft limits only where idle assets would already break them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherm.domain.site import Connection
from voltherm.optimization.model import Floats, Indices, Model
from voltherm.optimization.penalties import Penalties

PADDING_KW = 1.0
"""Room between the largest power that can occur and the column's bound, so that the bound never binds by itself."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConnectionColumns:
    """Columns of the meter.

    Parameters
    ----------
    import_kw : Indices, shape (n_steps,)
        Mean import of each step.
    export_kw : Indices, shape (n_export,)
        Mean export, in the steps ``export_steps`` only.
    export_steps : Indices, shape (n_export,)
        Steps in which export is possible.
    """

    import_kw: Indices
    export_kw: Indices
    export_steps: Indices


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetRange:
    """What the meter could see at the extremes. [kW], each of shape (n_steps,).

    Parameters
    ----------
    idle_high, idle_low : NDArray
        Net power with every flexible asset idle, with all PV used or with only the PV that cannot be curtailed: the
        power that cannot be avoided above and below.
    high, low : NDArray
        Net power with every flexible asset at its limit.
    """

    idle_high: Floats
    idle_low: Floats
    high: Floats
    low: Floats


def add_connection(
    model: Model, connection: Connection, net: NetRange, step_h: float, penalties: Penalties
) -> ConnectionColumns:
    """Add ``0 <= import <= limit + over`` and ``0 <= export <= limit + over``, with ``over`` priced.

    ``over`` exists only in steps where the idle site already breaks the limit, and reaches only that far: elsewhere
    the limit is hard, because staying idle keeps it.

    Parameters
    ----------
    model : Model
        Receives the columns; import is carried positive by the balance, export negative.
    connection : Connection
        Limits.
    net : NetRange
        Extremes of the net power.
    step_h : float
        Length of a step. [h]
    penalties : Penalties
        Price of ``over``.
    """
    price = penalties.connection_per_kwh * step_h
    over_import = np.maximum(net.idle_high - connection.import_limit_kw, 0.0)
    room = np.minimum(np.maximum(net.high, 0.0) + PADDING_KW, connection.import_limit_kw + over_import)
    import_kw = model.columns(len(model.steps), 0.0, room)
    model.supply(import_kw, model.steps, 1.0)
    _soften(model, import_kw, connection.import_limit_kw, over_import, price)

    over_export = np.maximum(-net.idle_low - connection.export_limit_kw, 0.0)
    reach = np.minimum(np.maximum(-net.low, 0.0), connection.export_limit_kw + over_export)
    export_steps = np.flatnonzero(reach > 0)
    export_kw = model.columns(len(export_steps), 0.0, reach[export_steps])
    model.supply(export_kw, export_steps, -1.0)
    _soften(model, export_kw, connection.export_limit_kw, over_export[export_steps], price)
    return ConnectionColumns(import_kw=import_kw, export_kw=export_kw, export_steps=export_steps)


def _soften(model: Model, columns: Indices, limit_kw: float, over_kw: Floats, price: float) -> None:
    where = np.flatnonzero(over_kw > 0)
    if len(where) == 0:
        return
    over = model.columns(len(where), 0.0, over_kw[where], price)
    rows = model.inequalities(np.full(len(where), limit_kw))
    model.put_below(rows, columns[where], 1.0)
    model.put_below(rows, over, -1.0)
