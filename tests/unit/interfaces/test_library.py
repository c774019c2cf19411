import pytest

import voltherm


@pytest.mark.parametrize("name", voltherm.__all__)
def test_each_name_of_the_library_is_there(name):
    assert getattr(voltherm, name).__name__ == name
    assert name in dir(voltherm)


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'planSite'"):
        _ = voltherm.planSite
