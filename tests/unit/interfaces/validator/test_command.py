"""``voltherm validator``: what it says before it serves."""

from voltherm.bootstrap import configured_site
from voltherm.interfaces.cli.validator import _profile
from voltherm.settings import Settings


def test_a_tariff_whose_prices_are_not_recorded_is_told_before_the_first_bill_is_asked_for(capsys):
    _profile(configured_site(Settings(tariff="finland-spot")), None)
    told = capsys.readouterr().err

    assert "finland-spot needs prices fi_spot" in told
    assert "--data" in told


def test_a_tariff_with_prices_of_its_own_needs_no_word(capsys):
    _profile(configured_site(Settings(tariff="costa-rica-tmt")), None)

    assert not capsys.readouterr().err
