"""Which addresses the settings take."""

import pytest
from pydantic import ValidationError

from pfi_aggregator.settings import AggregatorSettings

NEEDED = {
    "state": "state",
    "spool": "spool",
    "spool_name": "spool-0",
    "artifacts_url": "file:///artifacts",
    "redis_url": "unix:///redis",
}


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:8443", "host.example:65535"])
def test_addresses_with_a_port(address):
    assert AggregatorSettings(**NEEDED, operations_address=address)


@pytest.mark.parametrize("address", ["127.0.0.1:65536", "127.0.0.1:99999", "::1:80", "host"])
def test_addresses_that_nothing_can_listen_on(address):
    with pytest.raises(ValidationError):
        AggregatorSettings(**NEEDED, operations_address=address)
