"""The convex function below given points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherm.optimization.envelope import lower_envelope


def test_a_convex_curve_is_taken_as_it_is():
    segments = lower_envelope(np.array([0.0, 1.0, 3.0]), np.array([0.0, 1.0, 7.0]))
    assert segments.widths.tolist() == [1.0, 2.0]
    assert segments.slopes.tolist() == [1.0, 3.0]


def test_a_step_is_replaced_by_the_line_below_it():
    segments = lower_envelope(np.array([0.0, 2.0, 2.000001, 4.0]), np.array([0.0, 0.0, 10.0, 10.0]))
    assert segments.widths.tolist() == [2.0, 2.0]
    assert segments.slopes.tolist() == pytest.approx([0.0, 5.0])


def test_points_on_one_line_become_one_segment():
    segments = lower_envelope(np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0]))
    assert segments.widths.tolist() == [2.0]


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=8))
def test_the_envelope_is_convex_lies_below_the_points_and_meets_both_ends(values):
    x, y = np.arange(len(values), dtype=float), np.array(values)
    segments = lower_envelope(x, y)
    knots = np.concatenate([[0.0], np.cumsum(segments.widths)])
    heights = y[0] + np.concatenate([[0.0], np.cumsum(segments.widths * segments.slopes)])
    assert np.all(np.diff(segments.slopes) >= -1e-9)
    assert np.all(np.interp(x, knots, heights) <= y + 1e-9)
    assert heights[-1] == pytest.approx(y[-1], abs=1e-9)
    assert knots[-1] == x[-1]
