"""Adapters of several ranks: what a client gets and gives, beside the matrices themselves."""

from __future__ import annotations

import numpy as np
import pytest

from pfi_common.errors import PayloadNotFiniteError, SchemaMismatchError, SpecInvalidError
from pfi_common.tensors import (
    FP32,
    PayloadScanner,
    RankChange,
    Schema,
    Tensor,
    at_rank,
    encode,
    initial_adapter,
    lora_modules,
    placed_tensors,
    view,
)

LAYER = "base_model.model.model.layers.0.self_attn"


def schema(rank: int, *, labels: int = 3) -> Schema:
    tensors = [
        Tensor(f"{LAYER}.{module}.lora_{factor}.weight", shape)
        for module, inputs, outputs in (("k_proj", 5, 9), ("q_proj", 5, 7))
        for factor, shape in (("A", (rank, inputs)), ("B", (outputs, rank)))
    ]
    tensors.append(Tensor("base_model.model.score.weight", (labels, 5)))
    ordered = tuple(sorted(tensors, key=lambda tensor: tensor.name))
    return Schema(ordered, rank, 16, ("k_proj", "q_proj"), "sequence-classification")


SHARED, CLIENT = schema(8), schema(3)
CHANGE = RankChange(SHARED, CLIENT)


def effect(of: Schema, vector: np.ndarray, module: int) -> np.ndarray:
    """(alpha / rank) B A."""
    found = lora_modules(of)[module]
    a, b = (view(vector, part).astype(np.float64) for part in (found.a, found.b))
    return of.alpha / of.rank * b @ a


def random_vector(of: Schema, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(of.coordinate_count).astype(np.float32)


def test_the_pairs_of_factors_are_found_by_name() -> None:
    modules = lora_modules(SHARED)
    assert [module.name for module in modules] == [f"{LAYER}.k_proj", f"{LAYER}.q_proj"]
    assert [(m.a.tensor.shape, m.b.tensor.shape) for m in modules] == [
        ((8, 5), (9, 8)),
        ((8, 5), (7, 8)),
    ]
    assert placed_tensors(SHARED)[-1].stop == SHARED.coordinate_count


@pytest.mark.parametrize("absent", ["lora_A", "lora_B"])
def test_a_factor_without_its_partner_is_refused(absent: str) -> None:
    kept = tuple(t for t in SHARED.tensors if f"q_proj.{absent}" not in t.name)
    lonely = Schema(kept, 8, 16, ("k_proj", "q_proj"), SHARED.task)
    with pytest.raises(SpecInvalidError, match="one factor A"):
        lora_modules(lonely)


def test_a_client_gets_the_leading_part_at_full_effect() -> None:
    shared = random_vector(SHARED, 1)
    client = CHANGE.narrow(shared)
    for module, found in enumerate(lora_modules(SHARED)):
        a, b = view(shared, found.a).astype(float), view(shared, found.b).astype(float)
        expected = SHARED.alpha / SHARED.rank * b[:, :3] @ a[:3]
        np.testing.assert_allclose(effect(CLIENT, client, module), expected, rtol=1e-5)
    head = placed_tensors(SHARED)[-1], placed_tensors(CLIENT)[-1]
    assert (view(shared, head[0]) == view(client, head[1])).all()


def test_a_change_counts_with_the_effect_that_it_has_on_the_client() -> None:
    """alpha / r is applied once: padding alone would count it with 3 / 8 of its effect."""
    client = random_vector(CLIENT, 2)
    wide = np.zeros(SHARED.coordinate_count, dtype=np.float32)
    CHANGE.widen(CHANGE.rescale(client, 0), wide)
    for module in range(2):
        np.testing.assert_allclose(
            effect(SHARED, wide, module), effect(CLIENT, client, module), rtol=1e-5
        )


def test_down_and_up_again_is_the_leading_part() -> None:
    shared = random_vector(SHARED, 3)
    again = np.zeros(SHARED.coordinate_count, dtype=np.float32)
    CHANGE.widen(CHANGE.rescale(CHANGE.narrow(shared), 0), again)
    for found in lora_modules(SHARED):
        np.testing.assert_allclose(view(again, found.a)[:3], view(shared, found.a)[:3])
        np.testing.assert_allclose(
            view(again, found.b)[:, :3], view(shared, found.b)[:, :3], rtol=1e-6
        )
        assert not view(again, found.a)[3:].any()
        assert not view(again, found.b)[:, 3:].any()


def test_any_cut_of_a_vector_is_rescaled_to_the_same_bits() -> None:
    client = random_vector(CLIENT, 4)
    whole = CHANGE.rescale(client, 0)
    for size in (1, 7, 26, 1000):
        pieces = [
            CHANGE.rescale(client[start : start + size], start)
            for start in range(0, client.size, size)
        ]
        assert np.concatenate(pieces).tobytes() == whole.tobytes()


def test_integers_are_widened_exactly() -> None:
    small = np.arange(CLIENT.coordinate_count, dtype=np.int64) + (1 << 61)
    wide = np.ones(SHARED.coordinate_count, dtype=np.int64)
    CHANGE.widen(small, wide)
    assert int(wide.astype(object).sum()) - wide.size == int(small.astype(object).sum())


def test_one_rank_changes_nothing() -> None:
    same, vector = RankChange(SHARED, SHARED), random_vector(SHARED, 5)
    assert same.rescale(vector, 0) is vector
    assert same.narrow(vector).tobytes() == vector.tobytes()


def test_an_adapter_that_differs_in_more_than_the_rank_is_refused() -> None:
    with pytest.raises(SchemaMismatchError, match="more than its rank"):
        RankChange(SHARED, schema(3, labels=4))
    assert at_rank(SHARED, 3) == CLIENT


def test_a_smaller_version_0_is_the_leading_part_of_a_larger_one() -> None:
    """So that clients of every rank begin a fresh adapter with the same rows of A."""
    assert CHANGE.narrow(initial_adapter(SHARED, 7)).tobytes() == (
        initial_adapter(CLIENT, 7).tobytes()
    )


def test_a_signalling_nan_is_refused_like_any_other() -> None:
    """Widening one raises a flag, which is a warning unless it is expected."""
    client = random_vector(CLIENT, 6)
    client.view(np.uint32)[:] = 0x7F800001
    scanner = PayloadScanner(FP32, client.size, rescale=CHANGE.rescale)
    scanner.update(client.tobytes())
    with pytest.raises(PayloadNotFiniteError):
        scanner.finish()


def test_a_scanner_measures_an_update_as_it_counts() -> None:
    client = random_vector(CLIENT, 6)
    scanner = PayloadScanner(FP32, client.size, rescale=CHANGE.rescale)
    scanner.update(encode(FP32, client))
    counted = CHANGE.rescale(client, 0)
    result = scanner.finish()
    assert result.maximum_coordinate == np.abs(counted).max()
    assert result.norm == pytest.approx(np.linalg.norm(counted.astype(float)), rel=1e-12)
