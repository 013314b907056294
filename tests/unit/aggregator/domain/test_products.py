"""Rounds whose product is svd or stack, in pieces, beside the dense products themselves."""

from dataclasses import replace

import numpy as np
import pytest
from tests.support.aggregator.builders import make_plan, make_record, make_upload

from pfi_aggregator.domain.aggregation_rule import StackProduct, SvdProduct
from pfi_aggregator.domain.reduction import reduction_of
from pfi_aggregator.domain.reduction.modules import AdapterParts
from pfi_aggregator.domain.update import summarize
from pfi_common.errors import ArtifactCorruptError
from pfi_common.tensors import (
    Schema,
    Tensor,
    at_rank,
    lora_modules,
    placed_tensors,
    view,
)

LAYER = "base_model.model.model.layers.0.self_attn"
HEAD = "base_model.model.score.weight"


def schema(rank, *, inputs=24, labels=3):
    tensors = [
        Tensor(f"{LAYER}.{module}.lora_{factor}.weight", shape)
        for module, outputs in (("k_proj", 12), ("q_proj", 40))
        for factor, shape in (("A", (rank, inputs)), ("B", (outputs, rank)))
    ]
    tensors.append(Tensor(HEAD, (labels, inputs)))
    return Schema(tuple(tensors), rank, 16, ("k_proj", "q_proj"), "sequence-classification")


SHARED = schema(8)
SMALL = at_rank(SHARED, 3)


def random_vector(of, seed, scale=0.1):
    values = np.random.default_rng(seed).standard_normal(of.coordinate_count) * scale
    return values.astype(np.float32)


BASE = random_vector(SHARED, 99)


class Uploads:
    """In-memory twin of `pfi_aggregator.domain.reduction.base.UpdateReader`, with the uploads."""

    def __init__(self, product, vectors, *, shared=SHARED, base=BASE, others=(SMALL,)):
        self.base_vector, self.vectors, self.schemas = base, vectors, []
        plan = make_plan(schema=shared, base=base, maximum_updates=64)
        self.plan = replace(plan, product=product, client_schemas=others)
        records = []
        for number, (of, vector) in enumerate(vectors):
            client = f"c-{number:012}"
            upload = make_upload(
                self.plan, client, vector=vector, schema=of, examples=1 + number % 3
            )
            records.append(make_record(self.plan, upload))
            self.schemas.append(of)
        self.counted = tuple(summarize(record).counted for record in records)
        self._records = {record.ticket.task: record for record in records}
        self._vectors = {
            record.ticket.task: vector for record, (_, vector) in zip(records, vectors, strict=True)
        }

    def record(self, update):
        return self._records[update.task]

    def read(self, update, start, stop):
        return self._vectors[update.task][start:stop]

    def base(self, start, stop):
        return self.base_vector[start:stop]

    @property
    def weights(self):
        units = np.array([update.weight_units for update in self.counted], dtype=float)
        return units / units.sum()

    def reduce(self):
        reduction = reduction_of(self.plan, self.counted)
        completion = reduction.completion()
        for piece in range(reduction.piece_count):
            completion.add(piece, memoryview(reduction.reduce(piece, self)))
        return completion.finish()


def effect(of, vector, module):
    """What an adapter adds to a module's weight: (alpha / rank) B A."""
    found = lora_modules(of)[module]
    a, b = (view(vector, part).astype(np.float64) for part in (found.a, found.b))
    return of.alpha / of.rank * b @ a


def trained(of, change):
    """A client's factors after training: the part of the base that it got, and its change."""
    result = change.copy()
    pairs = zip(placed_tensors(SHARED), placed_tensors(of), strict=True)
    for wide, narrow in pairs:
        shape = narrow.tensor.shape
        got = view(BASE, wide)[: shape[0], : shape[1]].astype(np.float64)
        if wide.tensor.name.endswith("lora_B.weight"):
            got = got * of.rank / SHARED.rank
        view(result, narrow)[:] = (view(change, narrow) + got).astype(np.float32)
    return result


def dense_cut(matrix, rank):
    u, values, v = np.linalg.svd(matrix, full_matrices=False)
    kept, lost = (values[:rank] ** 2).sum(), (values[rank:] ** 2).sum()
    return (u[:, :rank] * values[:rank]) @ v[:rank], kept, lost


def relative(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def mixed(count):
    return [(of, random_vector(of, seed)) for seed, of in enumerate([SHARED, SMALL] * count)]


def check(uploads, products_of_module):
    """Compares the reduction with dense sums of products."""
    reduced = uploads.reduce()
    shared = uploads.base_vector + reduced.delta
    kept = lost = 0.0
    for module in range(2):
        best, kept_here, lost_here = dense_cut(products_of_module(module), SHARED.rank)
        assert relative(effect(SHARED, shared, module), best) < 1e-6  # stored in float32
        kept, lost = kept + kept_here, lost + lost_here
    assert reduced.discarded_energy == pytest.approx(lost / (kept + lost), abs=1e-6)
    return reduced


@pytest.mark.parametrize("clients", [1, 2, 6])
def test_svd_is_the_best_adapter_of_the_mean_product(clients):
    uploads = Uploads(SvdProduct(), mixed(clients))

    def mean_product(module):
        return sum(
            weight * effect(of, trained(of, vector), module)
            for weight, (of, vector) in zip(uploads.weights, uploads.vectors, strict=True)
        )

    check(uploads, mean_product)


@pytest.mark.parametrize("clients", [1, 2, 6])
def test_a_stack_is_added_to_the_shared_adapter(clients):
    uploads = Uploads(StackProduct(), mixed(clients))

    def stacked(module):
        return effect(SHARED, BASE, module) + sum(
            weight * effect(of, vector, module)
            for weight, (of, vector) in zip(uploads.weights, uploads.vectors, strict=True)
        )

    check(uploads, stacked)


def test_a_stack_loses_nothing_when_the_maximum_rank_permits():
    """FLoRA: equal to the sum for mixed ranks."""
    shared = schema(24)
    ranks = (2, 3, 5, 8)
    others = tuple(at_rank(shared, rank) for rank in ranks)
    base = np.zeros(shared.coordinate_count, dtype=np.float32)
    vectors = [(of, random_vector(of, seed)) for seed, of in enumerate(others)]
    uploads = Uploads(StackProduct(), vectors, shared=shared, base=base, others=others)
    reduced = uploads.reduce()
    for module in range(2):
        exact = sum(
            weight * effect(of, vector, module)
            for weight, (of, vector) in zip(uploads.weights, vectors, strict=True)
        )
        assert relative(effect(shared, reduced.delta, module), exact) < 1e-6
    assert reduced.discarded_energy < 1e-14


@pytest.mark.parametrize("product", [SvdProduct(), StackProduct()])
def test_heads_are_averaged_like_in_the_exact_merge(product):
    uploads = Uploads(product, mixed(3))
    delta = uploads.reduce().delta
    expected = sum(
        weight * view(vector, AdapterParts(of).whole[HEAD]).astype(np.float64)
        for weight, (of, vector) in zip(uploads.weights, uploads.vectors, strict=True)
    )
    np.testing.assert_allclose(
        view(delta, AdapterParts(SHARED).whole[HEAD]), expected, rtol=0, atol=1e-8
    )


def turned(vector, seed):
    """The same products with factors in another gauge: (B R, R^-1 A)."""
    result = vector.copy()
    for number, module in enumerate(lora_modules(SHARED)):
        random = np.random.default_rng((seed, number))
        rotation, _ = np.linalg.qr(random.standard_normal((8, 8)))
        view(result, module.a)[:] = rotation.T @ view(vector, module.a)
        view(result, module.b)[:] = view(vector, module.b) @ rotation
    return result


@pytest.mark.parametrize("product", [SvdProduct(), StackProduct()])
def test_a_rotation_of_the_factors_changes_nothing(product):
    """Ten clients with one product in ten gauges; averaging their factors destroys it."""
    base = np.zeros_like(BASE)
    one = random_vector(SHARED, 5)
    vectors = [(SHARED, turned(one, seed)) for seed in range(10)]
    reduced = Uploads(product, vectors, base=base).reduce()
    plain = Uploads(product, [(SHARED, one)], base=base).reduce()
    factors = np.mean([vector for _, vector in vectors], axis=0)
    for module in range(2):
        exact = effect(SHARED, one, module)
        assert relative(effect(SHARED, reduced.delta, module), exact) < 1e-6
        assert relative(effect(SHARED, plain.delta, module), exact) < 1e-6
        assert relative(effect(SHARED, factors, module), exact) > 0.3


def test_alpha_over_rank_is_applied_once_before_ranks_mix():
    """Two clients with one effect, at two ranks: their mean has that effect, too."""
    small = random_vector(SMALL, 4)
    wide = np.zeros(SHARED.coordinate_count, dtype=np.float32)
    make_plan_change = Uploads(StackProduct(), [(SMALL, small)]).plan.rank_change(SMALL.digest)
    make_plan_change.widen(make_plan_change.rescale(small, 0), wide)
    base = np.zeros_like(BASE)
    reduced = Uploads(StackProduct(), [(SMALL, small), (SHARED, wide)], base=base).reduce()
    for module in range(2):
        exact = effect(SMALL, small, module)
        assert relative(effect(SHARED, reduced.delta, module), exact) < 1e-6


def test_a_round_without_any_effect_leaves_what_can_be_learnt():
    base = BASE.copy()
    for module in lora_modules(SHARED):
        view(base, module.b)[:] = 0
    nothing = [(SHARED, np.zeros_like(base))] * 2
    reduced = Uploads(SvdProduct(), nothing, base=base).reduce()
    assert not reduced.delta.any()
    assert reduced.discarded_energy == 0.0


def test_large_adapters_are_cut_into_pieces_of_modules():
    large = schema(64, inputs=4096)
    pieces = AdapterParts(large).pieces
    assert [(piece.modules, piece.whole) for piece in pieces] == [
        ((0,), ()),
        ((1,), ()),
        ((), (HEAD,)),
    ]
    assert len(AdapterParts(SHARED).pieces) == 2
    placed = [part for piece in pieces for part in AdapterParts(large).places(piece)]
    assert sorted(part.start for part in placed) == [p.start for p in placed_tensors(large)]


def test_a_piece_of_another_size_is_refused():
    uploads = Uploads(SvdProduct(), mixed(1))
    reduction = reduction_of(uploads.plan, uploads.counted)
    body = reduction.reduce(0, uploads)
    with pytest.raises(ArtifactCorruptError):
        reduction.completion().add(0, memoryview(body)[:-4])
