"""What a device says in words must not break what we say."""

import json

import pytest

from voltherm.adapters.devices.answer_fields import AnswerFields


@pytest.mark.pitfall("M26")
@pytest.mark.parametrize("said", ["\ud800", "a\x00b", "two\nlines"])
def test_texts_and_names_of_a_device_can_be_written_anywhere(said):
    answer = AnswerFields({"detail": said, "alarms": [said], said: "x"}, [])

    told = [answer.text("detail"), *answer.texts("alarms"), str(answer.number(said)), *answer.problems]

    assert all(isinstance(each, str) and each.isprintable() for each in told)
    assert json.dumps(told, ensure_ascii=False).encode()
