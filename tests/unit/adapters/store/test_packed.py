import zlib

import pytest

from tests.contracts.store_examples import NOW, forecast, same
from voltherm.adapters.documents.exact import RecordError
from voltherm.adapters.store.packed import packed, unpacked
from voltherm.domain.external_forecast import ExternalForecast


def test_what_is_packed_is_unpacked_the_same():
    told = forecast(NOW, NOW)

    assert same(unpacked(ExternalForecast, packed(ExternalForecast, told)), told)


@pytest.mark.parametrize("stored", [b"", b"rust", zlib.compress(b"{"), zlib.compress(b"\xff"), zlib.compress(b"[1]")])
def test_damaged_bytes_are_refused(stored):
    with pytest.raises(RecordError, match="ExternalForecast: "):
        unpacked(ExternalForecast, stored)
