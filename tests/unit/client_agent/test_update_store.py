import hashlib
from dataclasses import replace

import pytest

from pfi_client_agent.adapters.update_store import UpdateStore
from pfi_client_agent.domain.update import StoredUpdate, UpdateKey, UpdateRecipe
from pfi_common.errors import InvalidRequestError

KEY = UpdateKey("r-1", 3, "global")
RECIPE = UpdateRecipe("base", "schema", "ENCODING_FP32", 7)


def update(payload=b"payload", key=KEY, recipe=RECIPE):
    digest = hashlib.sha256(payload).hexdigest()
    return StoredUpdate(key, recipe, len(payload), digest, 5, 2, {"TRAIN_LOSS": 1.5})


@pytest.fixture
def store(tmp_path):
    return UpdateStore(tmp_path / "updates")


def test_gives_back_what_it_keeps(store, tmp_path):
    store.save(update(), b"payload")
    assert UpdateStore(tmp_path / "updates").find(KEY, RECIPE) == (update(), b"payload")
    assert list(store.list()) == [update()]


def test_an_update_of_another_recipe_is_not_used(store):
    store.save(update(), b"payload")
    for change in ({"base_digest": "x"}, {"encoding": "x"}, {"seed": 8}, {"schema_digest": "x"}):
        assert store.find(KEY, replace(RECIPE, **change)) is None


def test_a_new_one_takes_the_place_of_the_old(store):
    store.save(update(), b"payload")
    other = replace(RECIPE, seed=8)
    store.save(update(b"other", recipe=other), b"other")
    assert store.find(KEY, RECIPE) is None
    assert store.find(KEY, other) == (update(b"other", recipe=other), b"other")


def test_a_damaged_payload_is_not_used(store, tmp_path):
    store.save(update(), b"payload")
    path = tmp_path / "updates" / "r-1.000003.global.payload"
    path.write_bytes(b"paxload")
    assert store.find(KEY, RECIPE) is None
    path.unlink()
    assert store.find(KEY, RECIPE) is None


def test_a_header_of_another_version_is_not_used(store, tmp_path):
    store.save(update(), b"payload")
    (tmp_path / "updates" / "r-1.000003.global.json").write_text('{"key": {}, "recipe": {}}')
    assert store.find(KEY, RECIPE) is None
    assert list(store.list()) == []


def test_a_crash_before_the_header_leaves_nothing_to_find(store, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("crash")

    with monkeypatch.context() as patched:
        patched.setattr("pfi_client_agent.adapters.update_store.write_json", fail)
        with pytest.raises(OSError, match="crash"):
            store.save(update(), b"payload")
    assert store.find(KEY, RECIPE) is None
    assert list((tmp_path / "updates").iterdir()) != []
    store.sweep()
    assert list((tmp_path / "updates").iterdir()) == []


def test_sweeping_keeps_what_is_complete(store):
    store.save(update(), b"payload")
    store.sweep()
    assert store.find(KEY, RECIPE) is not None
    UpdateStore(store._folder / "absent").sweep()


def test_settled_and_earlier_rounds_are_forgotten(store):
    keys = [UpdateKey("r-1", 2, "global"), KEY, UpdateKey("r-1", 3, "other"),
            UpdateKey("r-2", 3, "global")]  # fmt: skip
    for key in keys:
        store.save(update(key=key), b"payload")
    store.forget("r-1", 3)
    assert [kept.key for kept in store.list()] == [keys[0], keys[3]]
    store.forget_before("r-1", 3)
    store.forget_before("r-2", 3)
    assert [kept.key for kept in store.list()] == [keys[3]]


def test_names_cannot_lead_out_of_the_folder(store):
    for run in ("../x", "", "a/b", ".hidden", "x" * 300):
        with pytest.raises(InvalidRequestError):
            store.save(update(key=UpdateKey(run, 1, "global")), b"payload")
