import hashlib

import numpy as np
import pytest

from pfi_client_agent.adapters.adapter_cache import AdapterCache


def payload(number=0):
    return np.arange(number, number + 6, dtype="<f4").tobytes()


def digest(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def cache(tmp_path):
    return AdapterCache(tmp_path / "adapters")


def test_a_download_in_parts_becomes_an_adapter(cache):
    name = digest(payload())
    assert cache.find(name) is None
    assert cache.part_bytes(name) == 0
    cache.append(name, payload()[:7])
    assert cache.part_bytes(name) == 7
    cache.append(name, payload()[7:])
    assert np.array_equal(cache.complete(name), np.arange(6, dtype=np.float32))
    assert cache.part_bytes(name) == 0
    assert np.array_equal(cache.find(name), np.arange(6, dtype=np.float32))


def test_bytes_of_another_digest_are_thrown_away(cache, tmp_path):
    name = digest(payload())
    cache.append(name, payload(1))
    assert cache.complete(name) is None
    assert cache.part_bytes(name) == 0
    cache.append(name, payload())
    cache.complete(name)
    (tmp_path / "adapters" / name).write_bytes(payload(2))
    assert cache.find(name) is None
    assert not (tmp_path / "adapters" / name).exists()


def test_a_part_can_be_dropped(cache):
    cache.append("abc", b"1234")
    cache.drop_part("abc")
    assert cache.part_bytes("abc") == 0


def test_the_newest_few_are_kept(cache, tmp_path):
    names = [digest(payload(number)) for number in range(12)]
    for number, name in enumerate(names):
        cache.append(name, payload(number))
        cache.complete(name)
    assert len(list((tmp_path / "adapters").iterdir())) == 8
    assert cache.find(names[-1]) is not None
    assert cache.find(names[0]) is None
