"""The truth log numbers what happens, forgets the oldest, and is read from a time or a number on."""

from datetime import timedelta

from tests.virtual_sites import START
from voltherm.application.virtual_log import LogEntry, LogEvent, VirtualLog


def filled(n_entries, most=100):
    log = VirtualLog(most=most)
    for n in range(n_entries):
        log.write(LogEntry(at=START + timedelta(seconds=n), event=LogEvent.REVERTED))
    return log


def numbers(entries):
    return [entry.number for entry in entries]


def test_entries_are_numbered_without_gaps_and_the_oldest_are_forgotten():
    log = filled(7, most=5)

    assert numbers(log.entries()) == [3, 4, 5, 6, 7]
    assert log.last_number == 7


def test_it_is_read_from_a_time_or_above_a_number():
    log = filled(7, most=5)

    assert numbers(log.entries(since=START + timedelta(seconds=5))) == [6, 7]
    assert numbers(log.entries(after=5)) == [6, 7]
    assert numbers(log.entries(after=1)) == [3, 4, 5, 6, 7]
    assert log.entries(after=7) == []


def test_the_latest_come_newest_first():
    assert numbers(filled(4).latest(2)) == [4, 3]


def test_a_log_goes_on_with_the_numbers_of_an_earlier_run():
    log = VirtualLog(filled(3).entries())
    log.write(LogEntry(at=START, event=LogEvent.RESTARTED))

    assert numbers(log.entries()) == [1, 2, 3, 4]
