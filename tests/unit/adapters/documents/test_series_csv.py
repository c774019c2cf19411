"""Series files: what is odd is told with its row, what is hopeless is refused with its remedy."""

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherm.adapters.documents.series_csv import SeriesFileError, read_measurements
from voltherm.domain.time import zone_named

HELSINKI = zone_named("Europe/Helsinki")
PACIFIC = zone_named("America/Los_Angeles")
DATA = Path(__file__).parents[3] / "data"
START = datetime(2025, 1, 1, tzinfo=UTC)
GAP = float("nan")


def rows(*values, header="time_utc,load_kw", step=15, separator=","):
    times = [(START + timedelta(minutes=step * i)).isoformat()[:16] for i in range(len(values))]
    return "\n".join([header, *(f"{t}{separator}{v}" for t, v in zip(times, values, strict=True))]) + "\n"


def read(text, zone=HELSINKI, **more):
    return read_measurements(text, zone, **more)


def values(text, name="load_kw"):
    return read(text).measurements.column(name).tolist()


def told(text, zone=HELSINKI):
    return [(finding.row, finding.n_rows, finding.column, finding.problem) for finding in read(text, zone).findings]


def test_a_plain_file_has_no_findings():
    file = read(rows(1, 2, 3, 4))
    assert file.findings == ()
    assert file.measurements.grid.start == START
    assert file.measurements.grid.step == timedelta(minutes=15)
    assert file.measurements.column("load_kw").tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("header", "cell", "name", "value"),
    [
        ("load_kw", "2", "load_kw", 2.0),
        ("load_w", "2000", "load_kw", 2.0),
        ("load_mw", "0.002", "load_kw", 2.0),
        ("load_kwh", "0.5", "load_kw", 2.0),
        ("pv_wh", "500", "pv_kw", 2.0),
        ("load_mwh", "0.0005", "load_kw", 2.0),
        ("LOAD_KW", "2", "load_kw", 2.0),
        ("price_eur_per_mwh", "60", "price_per_kwh", 0.06),
        ("price_crc_per_kwh", "75", "price_per_kwh", 75.0),
        ("price_per_kwh", "-0.1", "price_per_kwh", -0.1),
        ("export_price_eur_per_mwh", "40", "export_price_per_kwh", 0.04),
        ("t_out_c", "-21.5", "t_out_c", -21.5),
        ("t_out_f", "14", "t_out_c", -10.0),
        ("reactive_kvar", "5", "reactive_kvar", 5.0),
        ("soc", "0.4", "soc", 0.4),
        ("soc_pct", "40", "soc", 0.4),
        ("ghi_w_m2", "800", "ghi_w_m2", 800.0),
        ("grid_kw", "-3", "grid_kw", -3.0),
    ],
)
def test_a_columns_name_says_quantity_and_unit(header, cell, name, value):
    text = rows(cell, cell, header=f"time_utc,{header}")
    assert values(text, name) == pytest.approx([value, value])
    assert read(text).findings == ()


def test_the_currency_is_that_of_the_price_column():
    assert read(rows(60, 60, header="time_utc,price_eur_per_mwh")).currency == "EUR"
    assert read(rows(60, 60, header="time_utc,price_per_kwh")).currency is None


def test_a_countrys_wind_is_no_sites_power():
    text = rows(3711, 1.2, header="time_utc,wind_power_fi_mw")
    assert values(text, "wind_power_fi_kw") == pytest.approx([3.711e6, 1200.0])
    assert read(text).findings == ()


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + rows(1.5, 2),
        rows("1,5", 2, header="time_utc;load_kw", separator=";"),
        rows("1,5", 2, header="time_utc\tload_kw", separator="\t"),
        "# where it comes from\n\n" + rows(1.5, 2),
        rows(1.5, 2).replace("\n", "\r\n"),
        rows(" 1.5 ", 2, header="time_utc, load_kw "),
    ],
    ids=["byte order mark", "semicolons", "tabs", "comments", "carriage returns", "blanks"],
)
def test_the_form_of_the_file_does_not_matter(text):
    assert values(text) == [1.5, 2.0]
    assert read(text).findings == ()


ROW = "2025-01-01T00:{:02d},{}\n"
FINDINGS = [
    ("gap", rows(1, 2) + ROW.format(45, 4), (3, 1, "time_utc"), "followed by 1 missing steps"),
    ("empty cell", rows(1, "", 3), (3, 1, "load_kw"), "nothing was measured"),
    ("two empty cells", rows(1, "", "NaN", 3), (3, 2, "load_kw"), "nothing was measured"),
    ("no number", rows(1, "2 kW", 3), (3, 1, "load_kw"), "is not a number"),
    ("infinite", rows(1, "1e999", 3), (3, 1, "load_kw"), "is not a number"),
    ("no time", rows(1, 2) + "yesterday,3\n" + ROW.format(30, 3), (4, 1, "time_utc"), "is not a time"),
    ("unsorted", "time_utc,load_kw\n" + ROW.format(15, 2) + ROW.format(0, 1), (3, 1, "time_utc"), "rows were sorted"),
    ("twice", rows(1, 2) + ROW.format(15, 5) + ROW.format(30, 5), (4, 1, "time_utc"), "comes twice"),
    ("between", rows(1, 2, 3, 4) + "2025-01-01T00:52,5\n", (6, 1, "time_utc"), "lies between the steps"),
    ("jitter", rows(1, 2, 3) + "2025-01-01T00:45:03,4\n", (5, 1, "time_utc"), "off by a moment"),
    ("negative", rows(*[50] * 30, -9, 50), (32, 1, "load_kw"), "is negative, it counts as missing"),
    ("gigawatts", rows(5, 5, 3e6, 5), (4, 1, "load_kw"), "above a gigawatt"),
    ("spike", rows(*[5] * 300, 900, 5), (302, 1, "load_kw"), "kept as written"),
    ("perhaps watts", rows(40000, 41000), (2, 1, "load_kw"), "large for kW"),
    ("hot", rows(20, 21, 451, header="time_utc,t_out_c"), (4, 1, "t_out_c"), "no temperature"),
    ("overfull", rows(0.5, 0.6, 7, header="time_utc,soc"), (4, 1, "soc"), "no state of charge"),
    ("unknown", rows("1,2", "1,2", header="time_utc,load_kw,mood"), (1, 1, "mood"), "is not a known column"),
    ("short row", rows("1,2", "1", "1,2", header="time_utc,load_kw,pv_kw"), (3, 1, ""), "fewer cells"),
    ("long row", rows(1, "1,9", 1), (3, 1, ""), "more cells"),
]


@pytest.mark.parametrize(("text", "place", "problem"), [row[1:] for row in FINDINGS], ids=[row[0] for row in FINDINGS])
def test_what_is_odd_is_told_with_row_and_column(text, place, problem):
    matching = [finding for finding in told(text) if problem in finding[3]]
    assert [finding[:3] for finding in matching] == [place]


def test_every_finding_names_its_value_and_a_remedy():
    (finding,) = read(rows(1, "2 kW", 3)).findings
    assert str(finding) == (
        "row 3, load_kw: '2 kW' is not a number, it counts as missing; "
        "write a plain number, without thousands separator or unit"
    )


def test_what_is_missing_stays_missing():
    np.testing.assert_equal(values(rows(1, "", "x", 4) + "2025-01-01T01:15,6\n"), [1, GAP, GAP, 4, GAP, 6])


def test_a_negative_load_counts_as_missing_and_noise_does_not():
    found = values(rows(*[50] * 30, -9, -0.4))
    assert np.isnan(found[30])
    assert found[31] == -0.4


def test_a_spike_is_kept():
    assert max(values(rows(*[5] * 300, 900, 5))) == 900


def test_the_first_of_two_rows_for_one_interval_counts():
    assert values(rows(1, 2) + ROW.format(15, 5) + ROW.format(30, 7)) == [1, 2, 7]


def test_rows_out_of_order_are_sorted():
    assert values("time_utc,load_kw\n" + ROW.format(15, 2) + ROW.format(0, 1)) == [1, 2]


def test_many_alike_findings_are_counted_and_not_listed():
    text = rows(*[1, "x"] * 100)
    found = read(text).findings
    assert len(found) == 21
    assert sum(finding.n_rows for finding in found) == 100


FATAL = [
    ("empty", "\n", "the file is empty"),
    ("header only", "time_utc,load_kw\n", "no row below the header"),
    ("no time column", "when,load_kw\n1,2\n", "name it time_utc"),
    ("time without zone", rows(1, 2, header="time,load_kw"), "name the column time_utc, or time_local"),
    ("no values", "time_utc\n2025-01-01T00:00\n", "no column with values"),
    ("unknown columns only", rows(1, 2, header="time_utc,mood"), "no column with values"),
    ("twice the same", rows("1,2", "1,2", header="time_utc,load_kw,load_w"), "both give load_kw"),
    ("two currencies", rows("1,2", "1,2", header="time_utc,price_eur_per_kwh,buy_price_sek_per_kwh"), "EUR and SEK"),
    ("one row", rows(1), "the step is unknown"),
    ("odd step", rows(1, 2, 3, step=13), "780 s apart"),
    ("no times", "time_utc,load_kw\nx,1\ny,2\n", "row 2 and 1 more, time_utc: 'x' is not a time"),
    ("mixed offsets", rows(1, 2) + "2025-01-01T00:30Z,3\n", r"row 4, time_utc: times with and without offset"),
    ("far away", rows(*[1] * 50) + "2052-01-01T00:00,1\n", "row 52, time_utc: '2052-01-01T00:00'"),
    (
        "long ago",
        "time_utc,load_kw\n1980-01-01T00:00,1\n" + rows(*[1] * 50)[17:],
        "row 2, time_utc: '1980-01-01T00:00'",
    ),
    ("soc in per cent", rows(40, 50, header="time_utc,soc"), "name the column soc_pct"),
    ("produced is negative", rows(-4, -5, 0, header="time_utc,pv_kw"), "as positive numbers"),
    ("decimal commas", rows("1,5", "2,5", header="time_utc,load_kw"), "separate the cells by semicolons"),
]


@pytest.mark.parametrize(("text", "message"), [row[1:] for row in FATAL], ids=[row[0] for row in FATAL])
def test_what_is_hopeless_is_refused_with_its_row_and_remedy(text, message):
    with pytest.raises(SeriesFileError, match=message):
        read(text)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SeriesFileError, match="give the path of a CSV file"):
        read(tmp_path / "nothing.csv")


def test_a_file_that_is_not_utf_8_is_refused(tmp_path):
    path = tmp_path / "latin.csv"
    path.write_bytes("time_utc,Außen_c\n".encode("latin-1"))
    with pytest.raises(SeriesFileError, match="save the file as UTF-8"):
        read(path)


def test_one_row_is_enough_when_the_step_is_given():
    assert read(rows(1), step=timedelta(minutes=15)).measurements.grid.n_steps == 1


@pytest.mark.pitfall("M8")
def test_times_with_offsets_are_taken_at_their_word():
    text = "time,load_kw\n2025-10-26T03:45+03:00,1\n2025-10-26T03:00+02:00,2\n"
    file = read(text)
    assert file.measurements.grid.start == datetime(2025, 10, 26, 0, 45, tzinfo=UTC)
    assert file.measurements.column("load_kw").tolist() == [1, 2]
    assert file.findings == ()


def local(*pairs):
    return "time_local,load_kw\n" + "".join(f"2025-{stamp},{value}\n" for stamp, value in pairs)


def test_a_doubled_hour_that_comes_twice_is_read_in_its_order():
    text = local(
        ("10-26T02:30", 1),
        ("10-26T03:00", 2),
        ("10-26T03:30", 3),
        ("10-26T03:00", 4),
        ("10-26T03:30", 5),
        ("10-26T04:00", 6),
    )
    file = read(text)
    assert file.measurements.grid.start == datetime(2025, 10, 25, 23, 30, tzinfo=UTC)
    assert file.measurements.column("load_kw").tolist() == [1, 2, 3, 4, 5, 6]
    assert file.findings == ()


def test_of_a_doubled_hour_that_comes_once_the_second_pass_is_missing():
    text = local(("10-26T02:30", 1), ("10-26T03:00", 2), ("10-26T03:30", 3), ("10-26T04:00", 6))
    np.testing.assert_equal(values(text), [1, 2, 3, GAP, GAP, 6])
    assert [finding[:2] for finding in told(text)] == [(3, 2), (4, 1)]
    assert "taken as the first pass" in told(text)[0][3]


def test_a_row_in_the_hour_that_spring_skips_is_left_out_and_told():
    text = local(("03-30T02:30", 1), ("03-30T03:00", 2), ("03-30T03:30", 3), ("03-30T04:00", 4))
    assert values(text) == [1, 4]
    ((row, n_rows, _, problem),) = told(text)
    assert (row, n_rows) == (3, 2)
    assert "skipped in spring" in problem


def test_a_spring_day_without_the_skipped_hour_has_no_gap():
    text = local(("03-30T02:30", 1), ("03-30T04:00", 4), ("03-30T04:30", 5))
    assert values(text) == [1, 4, 5]
    assert read(text).findings == ()


def test_a_real_spring_file_with_an_invented_hour_is_read():
    file = read_measurements(DATA / "fontana_home_1_spring.csv", PACIFIC)
    assert file.measurements.grid.n_steps == 71
    assert not np.isnan(file.measurements.column("load_kw")).any()
    assert [(finding.row, finding.n_rows) for finding in file.findings] == [(29, 1)]


def test_a_real_autumn_file_with_one_of_two_hours_is_read():
    file = read_measurements(DATA / "fontana_home_1_autumn.csv", PACIFIC)
    assert file.measurements.grid.n_steps == 73
    assert np.flatnonzero(np.isnan(file.measurements.column("load_kw"))).tolist() == [26]


def test_longer_intervals_among_shorter_ones_are_told_and_keep_their_energy():
    hourly = "".join(f"2025-01-01T0{hour}:00,{hour}\n" for hour in range(1, 5))
    text = rows(1, 2, 3, 4) + hourly
    assert values(text) == [1, 2, 3, 4] + [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4
    assert [finding[:2] for finding in told(text)] == [(6, 4)]


def test_energies_of_longer_intervals_are_divided_by_their_own_length():
    hourly = "".join(f"2025-01-01T0{hour}:00,8\n" for hour in range(1, 5))
    text = rows(2, 2, 2, 2, header="time_utc,load_kwh") + hourly
    assert values(text) == [8.0] * 20


@given(st.lists(st.floats(0, 1e5, allow_subnormal=False), min_size=2, max_size=30), st.sampled_from([5, 15, 30, 60]))
def test_written_and_read_again_is_the_same(numbers, step):
    assert values(rows(*[repr(number) for number in numbers], step=step)) == numbers


times = st.sampled_from(
    ["2025-01-01T00:00", "2025-01-01T00:15", "9999-12-31T23:45", "0001-01-01", "2025-03-30T03:30", "x", ""]
)
cells = st.sampled_from(["1", "", "nan", "inf", "-5", "1e308", "-1e300", "1_0", "0x1", '"', "1,5"])
names = st.sampled_from(["load_kw", "pv_kwh", "soc", "t_out_f", "price_eur_per_mwh", "mood", ""])
tables = st.tuples(
    st.sampled_from(["time_utc", "time_local", "time"]),
    st.lists(names, max_size=2),
    st.lists(st.tuples(times, cells, cells).map(",".join), max_size=6),
).map(lambda parts: "\n".join([",".join([parts[0], *parts[1]]), *parts[2]]) + "\n")


@given(st.one_of(tables, st.text(max_size=60).map(lambda text: text + "\n")))
def test_whatever_is_written_is_read_or_refused_with_reason(text):
    with contextlib.suppress(SeriesFileError):
        assert read(text).measurements.grid.n_steps >= 1
