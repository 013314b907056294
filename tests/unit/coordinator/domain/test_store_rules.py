import pytest

from pfi_common.errors import StoreUnsuitableError
from pfi_coordinator.domain.store_rules import StoreFacts, StoreMarker, judge_store

AUTHORITY = "a" * 64
GOOD = StoreFacts("7.0.15", "standalone", append_only=True, eviction="noeviction")


def facts(**changes):
    values = {
        "version": "7.0.15",
        "mode": "standalone",
        "append_only": True,
        "eviction": "noeviction",
    }
    return StoreFacts(**(values | changes))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": "6.0.16"}, "too old"),
        ({"version": "5.0"}, "too old"),
        ({"mode": "cluster"}, "cluster"),
        ({"mode": "sentinel"}, "sentinel"),
        ({"append_only": False}, "appendonly yes"),
        ({"eviction": "allkeys-lru"}, "noeviction"),
    ],
)
def test_unsuitable_servers_are_refused_with_the_reason(change, message):
    with pytest.raises(StoreUnsuitableError, match=message):
        judge_store(facts(**change), AUTHORITY, None, None)


def test_a_first_start_marks_the_store():
    verdict = judge_store(GOOD, AUTHORITY, None, None)
    assert verdict.intact
    assert verdict.marker == StoreMarker(AUTHORITY, "7.0.15")


def test_a_newer_server_raises_the_recorded_version():
    old = StoreMarker(AUTHORITY, "6.2.14")
    verdict = judge_store(GOOD, AUTHORITY, old, old)
    assert verdict.intact
    assert verdict.marker.version == "7.0.15"


def test_an_older_server_is_refused_whichever_place_remembers():
    newer = StoreMarker(AUTHORITY, "7.2.0")
    for stored, kept in ((newer, None), (None, newer)):
        with pytest.raises(StoreUnsuitableError, match=r"7\.2\.0"):
            judge_store(GOOD, AUTHORITY, stored, kept)


def test_versions_are_compared_as_numbers():
    judge_store(facts(version="6.10.0"), AUTHORITY, StoreMarker(AUTHORITY, "6.9.9"), None)


def test_a_wiped_store_is_noticed():
    kept = StoreMarker(AUTHORITY, "7.0.15")
    assert not judge_store(GOOD, AUTHORITY, None, kept).intact


def test_a_lost_state_file_is_written_again():
    stored = StoreMarker(AUTHORITY, "7.0.15")
    assert judge_store(GOOD, AUTHORITY, stored, None).intact


def test_a_store_of_another_federation_is_refused():
    with pytest.raises(StoreUnsuitableError, match="different federations"):
        judge_store(GOOD, AUTHORITY, StoreMarker("b" * 64, "7.0.15"), None)
