import hashlib
from dataclasses import replace

import numpy as np
import pytest

from pfi_client_agent.adapters.adapter_cache import AdapterCache
from pfi_client_agent.domain.wanted_adapter import WantedAdapter
from pfi_common.errors import AdapterInvalidError
from pfi_common.tensors import BF16, INT8_BLOCK, adapter_digest, decode, encode


def payload(number=0):
    return np.arange(number, number + 6, dtype="<f4").tobytes()


def wanted(data):
    return WantedAdapter(hashlib.sha256(data).hexdigest(), len(data) // 4)


@pytest.fixture
def cache(tmp_path):
    return AdapterCache(tmp_path / "adapters")


def test_a_download_in_parts_becomes_an_adapter(cache):
    name = wanted(payload())
    assert cache.find(name) is None
    assert cache.part_bytes(name) == 0
    cache.append(name, payload()[:7])
    assert cache.part_bytes(name) == 7
    cache.append(name, payload()[7:])
    assert np.array_equal(cache.complete(name), np.arange(6, dtype=np.float32))
    assert cache.part_bytes(name) == 0
    assert np.array_equal(cache.find(name), np.arange(6, dtype=np.float32))


def test_bytes_of_another_digest_are_thrown_away(cache, tmp_path):
    name = wanted(payload())
    cache.append(name, payload(1))
    assert cache.complete(name) is None
    assert cache.part_bytes(name) == 0
    cache.append(name, payload())
    cache.complete(name)
    (tmp_path / "adapters" / name.payload_sha256).write_bytes(payload(2))
    assert cache.find(name) is None
    assert not (tmp_path / "adapters" / name.payload_sha256).exists()


def test_a_part_can_be_dropped(cache):
    name = wanted(payload())
    cache.append(name, b"1234")
    cache.drop_part(name)
    assert cache.part_bytes(name) == 0


def test_an_adapter_of_another_size_is_refused(cache):
    name = wanted(payload())
    cache.append(name, payload())
    cache.complete(name)
    with pytest.raises(AdapterInvalidError):
        cache.find(replace(name, coordinate_count=5))


def test_forms_of_one_adapter_lie_beside_each_other(cache):
    vector = np.linspace(-1, 1, 300, dtype=np.float32)
    canonical = WantedAdapter(adapter_digest(vector), 300)
    for encoding in (BF16, INT8_BLOCK):
        data = encode(encoding, vector)
        form = replace(canonical, encoding=encoding, form_sha256=hashlib.sha256(data).hexdigest())
        assert len(data) == form.payload_bytes
        cache.append(form, data)
        np.testing.assert_array_equal(cache.complete(form), decode(encoding, data, 300))
        assert cache.find(form) is not None
    assert cache.find(canonical) is None


def test_the_newest_few_are_kept(cache, tmp_path):
    names = [wanted(payload(number)) for number in range(12)]
    for number, name in enumerate(names):
        cache.append(name, payload(number))
        cache.complete(name)
    assert len(list((tmp_path / "adapters").iterdir())) == 8
    assert cache.find(names[-1]) is not None
    assert cache.find(names[0]) is None
