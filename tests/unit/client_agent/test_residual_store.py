import numpy as np
import pytest

from pfi_client_agent.adapters.residual_store import ResidualStore
from pfi_client_agent.domain.update import UpdateKey
from pfi_common.errors import InvalidRequestError

KEY = UpdateKey("r-1", 3, "global")
LOST = np.linspace(-1e-3, 1e-3, 700, dtype=np.float32)


@pytest.fixture
def store(tmp_path):
    return ResidualStore(tmp_path / "residuals")


def test_what_was_lost_survives_the_process(store, tmp_path):
    store.save(KEY, "schema", LOST)
    found = ResidualStore(tmp_path / "residuals").find(KEY, "schema")
    np.testing.assert_array_equal(found, LOST)


def test_it_is_bound_to_run_line_round_and_schema(store):
    store.save(KEY, "schema", LOST)
    assert store.find(KEY, "another") is None
    for other in (("r-2", 3, "global"), ("r-1", 2, "global"), ("r-1", 3, "cluster-1")):
        assert store.find(UpdateKey(*other), "schema") is None


@pytest.mark.parametrize("damage", [lambda d: d[:-1], lambda d: d[:-1] + b"x", lambda _: b""])
def test_damaged_ones_are_not_used(store, tmp_path, damage):
    store.save(KEY, "schema", LOST)
    (path,) = (path for path in (tmp_path / "residuals").rglob("*") if path.is_file())
    path.write_bytes(damage(path.read_bytes()))
    assert store.find(KEY, "schema") is None


def test_a_round_trained_again_replaces_what_it_lost(store):
    store.save(KEY, "schema", LOST)
    store.save(KEY, "schema", 2 * LOST)
    np.testing.assert_array_equal(store.find(KEY, "schema"), 2 * LOST)


def test_other_rounds_of_the_line_and_ended_runs_are_deleted(store):
    keys = [UpdateKey("r-1", number, line) for number in (1, 2, 3) for line in ("global", "other")]
    for key in keys:
        store.save(key, "schema", LOST)
    store.keep_only("r-1", "global", {1, 3})
    assert [store.find(key, "schema") is not None for key in keys] == [
        True, True, False, True, True, True,
    ]  # fmt: skip
    store.forget("r-1")
    assert not any(store.find(key, "schema") is not None for key in keys)
    store.forget("r-9")
    store.keep_only("r-9", "global", {1})


def test_runs_of_which_something_is_kept_are_listed(store):
    assert store.runs() == []
    for run in ("r-2", "r-1"):
        store.save(UpdateKey(run, 1, "global"), "schema", LOST)
    assert store.runs() == ["r-1", "r-2"]
    store.forget("r-1")
    assert store.runs() == ["r-2"]


def test_names_cannot_lead_out_of_the_folder(store):
    for run in ("../x", "", "a/b", ".hidden"):
        with pytest.raises(InvalidRequestError):
            store.save(UpdateKey(run, 1, "global"), "schema", LOST)
        with pytest.raises(InvalidRequestError):
            store.forget(run)
