from dataclasses import dataclass

import pytest

from voltherm.adapters.store.audit_chain import BEGINNING, Chain, Head, hash_of


@dataclass
class Written:
    rows: list
    head: Head


@pytest.fixture
def written() -> Written:
    rows, previous = [], BEGINNING
    for number in range(1, 6):
        row = {"id": f"c{number}", "power_kw": number / 3}
        digest = hash_of(previous, number, row)
        rows.append({**row, "number": number, "previous_hash": previous, "hash": digest})
        previous = digest
    return Written(rows=rows, head=Head(5, previous, 1))


def problems(written, head=None):
    chain = Chain(head or written.head)
    for row in written.rows:
        chain.follow(row)
    return chain.problems()


def test_an_untouched_chain_has_no_problems(written):
    assert problems(written) == ()


@pytest.mark.parametrize("index", range(5))
def test_a_changed_row_is_named(written, index):
    written.rows[index]["power_kw"] += 1e-12

    assert problems(written) == (f"row {index + 1} was changed",)


@pytest.mark.parametrize("index", range(5))
def test_a_missing_row_is_named(written, index):
    del written.rows[index]

    assert problems(written) == (f"rows {index + 1} to {index + 1} are missing",)


def test_a_row_rewritten_with_its_own_hash_does_not_fit_its_neighbour(written):
    row = written.rows[2]
    row["power_kw"] = 0.0
    row["hash"] = hash_of(row["previous_hash"], 3, {"id": "c3", "power_kw": 0.0})

    assert problems(written) == ("row 4 does not follow the row before it",)


def test_a_last_row_rewritten_with_its_own_hash_does_not_fit_the_head(written):
    row = written.rows[4]
    row["power_kw"] = 0.0
    row["hash"] = hash_of(row["previous_hash"], 5, {"id": "c5", "power_kw": 0.0})

    assert problems(written) == ("row 5 is not the one that was written last",)


def test_a_row_put_in_is_named(written):
    written.rows.insert(3, dict(written.rows[2]))

    assert problems(written) == ("row 3 stands twice",)


def test_what_retention_removed_is_not_missing(written):
    del written.rows[:3]

    assert problems(written, written.head._replace(kept_from=4)) == ()


def test_what_retention_left_between_is_looked_at_too(written):
    del written.rows[0]
    written.rows[0]["power_kw"] = 0.0

    assert problems(written, written.head._replace(kept_from=4)) == ("row 2 was changed",)
