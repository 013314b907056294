"""How much memory a run demands of a device, and what a description has to tell for that."""

import pytest
from tests.unit.common.spec.builders import description, spec

from pfi_common.errors import SpecInvalidError
from pfi_common.spec import (
    BackboneSizes,
    MemoryNeed,
    estimated_need,
    memory_need,
    parse_description,
    run_facts,
)
from pfi_common.spec.memory import FRAGMENTATION, RUNTIME_BYTES, estimate_described

H, F, LAYERS, VOCABULARY, RANK = 64, 160, 1, 500, 8
SIZES = BackboneSizes(hidden=H, inner=F, layers=LAYERS, vocabulary=VOCABULARY, positions=32)
DESCRIBED = description().model_copy(update={"sizes": SIZES})
LOCAL = {"batch_size": 2, "maximum_tokens": 16}
ESTIMATED = {"eligible": {"memory": "estimate"}}


def test_nothing_is_demanded_by_default():
    assert memory_need(spec(), description()) == MemoryNeed()
    assert memory_need(spec(), description()).of(4) == 0


def test_bytes_of_ones_own_choice_are_the_same_for_every_device():
    asked = spec(cohort={"eligible": {"memory": 3_000}})
    assert memory_need(asked, description()) == MemoryNeed(3_000, 3_000)


def test_the_estimate_follows_the_documented_formula():
    made = estimate_described(spec(local=LOCAL), DESCRIBED, 4)
    tokens = 2 * 16
    assert made.weights_bytes == 4 * 100_000
    assert made.adapters_bytes == 16 * RANK * 2 * H
    assert made.logits_bytes == tokens * VOCABULARY * 12
    assert made.activations_bytes == tokens * (8 * H + 16 * H + 12 * F + 4 * (H + RANK))
    parts = made.weights_bytes + made.adapters_bytes + made.logits_bytes + made.activations_bytes
    assert made.total_bytes == RUNTIME_BYTES + round(FRAGMENTATION * parts)


def test_what_is_demanded_is_the_estimate_by_the_bytes_of_a_weight():
    need = memory_need(spec(local=LOCAL, cohort=ESTIMATED), DESCRIBED)
    assert need == estimated_need(spec(local=LOCAL), DESCRIBED)
    assert need.of(2) == need.bfloat16_bytes < need.float32_bytes == need.of(4) == need.of(None)


def test_devices_of_a_class_with_a_lower_rank_need_less():
    ranks = {"rank": RANK, "rank_for": {"phone": 2}}
    asked = spec(adapter=ranks, cohort=ESTIMATED, aggregate={"product": "svd"})
    assert memory_need(asked, DESCRIBED, "phone").of(4) < memory_need(asked, DESCRIBED).of(4)


def test_a_classifier_has_as_many_logits_as_labels():
    labels = {"labels": ["a", "b", "c"]}
    asked = spec(task="sequence-classification", classification=labels, local=LOCAL)
    assert estimate_described(asked, DESCRIBED, 4).logits_bytes == 2 * 3 * 12


def test_a_description_without_sizes_is_enough_as_long_as_no_estimate_is_demanded():
    asked = spec(cohort=ESTIMATED)
    with pytest.raises(SpecInvalidError, match="pfi-agent describe"):
        memory_need(asked, description())
    facts = run_facts(spec(), description())
    assert (facts.memory_float32_bytes, facts.memory_bfloat16_bytes) == (None, None)
    told = run_facts(spec(), DESCRIBED)
    assert told.memory_float32_bytes > told.memory_bfloat16_bytes > RUNTIME_BYTES


def test_sizes_survive_being_sent():
    assert parse_description(DESCRIBED.model_dump(mode="json")) == DESCRIBED


@pytest.mark.parametrize("odd", ["much", 0, -1, 1.5, None, True])
def test_odd_amounts_are_told_in_one_sentence(odd):
    with pytest.raises(SpecInvalidError) as raised:
        spec(cohort={"eligible": {"memory": odd}})
    assert raised.value.message.count("must be any, estimate or a whole number of bytes") == 1
