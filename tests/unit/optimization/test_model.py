"""The modelling layer: what goes in as blocks comes out as plain arrays."""

import numpy as np

from voltherm.optimization.model import Model


def test_columns_come_back_as_adjacent_indices_with_their_bounds_and_cost():
    model = Model(2, np.zeros(2))
    first, second = model.columns(2, 0.0, [1.0, 2.0], 3.0), model.columns(1, -1.0, 4.0)
    built = model.build()
    assert first.tolist() == [0, 1]
    assert second.tolist() == [2]
    assert built.lower.tolist() == [0.0, 0.0, -1.0]
    assert built.upper.tolist() == [1.0, 2.0, 4.0]
    assert built.cost.tolist() == [3.0, 3.0, 0.0]
    assert not built.integer.any()


def test_the_balance_comes_first_and_holds_the_fixed_net_power():
    model = Model(2, np.array([5.0, -6.0]))
    drawn, carried = model.columns(2, 0.0, 1.0), model.columns(2, 0.0, 9.0)
    model.draw(drawn, model.steps, 1.0)
    model.supply(carried, model.steps, 1.0)
    built = model.build()
    assert built.equality.toarray().tolist() == [[-1.0, 0.0, 1.0, 0.0], [0.0, -1.0, 0.0, 1.0]]
    assert built.equality_rhs.tolist() == [5.0, -6.0]


def test_added_cost_sums_up_with_the_columns_own():
    model = Model(1, np.zeros(1))
    columns = model.columns(2, 0.0, 1.0, 1.0)
    model.add_cost(columns, [10.0, 20.0])
    model.add_cost(columns[:1], 100.0)
    model.columns(1, 0.0, 1.0)
    assert model.build().cost.tolist() == [111.0, 21.0, 0.0]


def test_rows_below_are_kept_apart_from_equalities():
    model = Model(1, np.zeros(1))
    column = model.columns(1, 0.0, 1.0)
    rows = model.inequalities(np.array([7.0, 8.0]))
    model.put_below(rows, np.repeat(column, 2), [1.0, -1.0])
    built = model.build()
    assert built.inequality.toarray().tolist() == [[1.0], [-1.0]]
    assert built.inequality_upper.tolist() == [7.0, 8.0]
    assert built.equality.shape == (1, 1)


def test_a_model_without_inequalities_has_an_empty_matrix_of_the_right_width():
    model = Model(1, np.zeros(1))
    model.columns(3, 0.0, 1.0)
    built = model.build()
    assert built.inequality.shape == (0, 3)
    assert built.inequality_upper.shape == (0,)


def test_binaries_are_marked_integer_and_reach_from_zero_to_one():
    model = Model(1, np.zeros(1))
    model.columns(1, 0.0, 5.0)
    switch = model.binaries(2)
    built = model.build()
    assert built.integer.tolist() == [False, True, True]
    assert built.upper[switch].tolist() == [1.0, 1.0]


def test_a_model_can_grow_after_it_was_built():
    model = Model(1, np.zeros(1))
    model.columns(1, 0.0, 5.0)
    model.build()
    model.columns(1, 0.0, 6.0)
    assert model.build().upper.tolist() == [5.0, 6.0]
    assert model.upper_bounds().tolist() == [5.0, 6.0]
