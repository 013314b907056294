from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.support.client_agent.backbones import byte_tokenizer, write_backbone
from tests.support.client_agent.rows import by_digest, some_split
from tests.unit.client_agent.learning.conftest import open_bench, options
from transformers import AutoModelForCausalLM

from pfi_client_agent.adapters.learning.batches import collate
from pfi_client_agent.adapters.learning.learner import TorchLearner
from pfi_client_agent.adapters.learning.loss import score
from pfi_client_agent.adapters.learning.tokenization import RowTokenizer
from pfi_client_agent.domain.abandonment import TrainingDivergedError
from pfi_client_agent.domain.personal_schema import personal_schema
from pfi_client_agent.domain.rows import CompletionRow
from pfi_client_agent.domain.split import Split, TooFewRowsError
from pfi_client_agent.domain.training import PersonalAdapter
from pfi_common.errors import BackboneMismatchError, BackboneUnreadableError
from pfi_common.tensors import initial_adapter


def ignore_progress(_done):
    return None


def train(bench, *, seed=1, split=None, **changes):
    return bench.workbench.train_shared(
        bench.base(seed), split or some_split(), options(**changes), ignore_progress
    )


def personal_adapter(bench, seed=3):
    schema = personal_schema(bench.schema, rank=2, alpha=4)
    return PersonalAdapter(schema, initial_adapter(schema, seed))


def test_the_same_task_gives_the_same_bits(bench, backbone_folder, tmp_path):
    first = train(bench)
    train(bench, seed=8, steps=2)
    again = train(bench)
    fresh = train(open_bench(backbone_folder, tmp_path))
    assert first.delta.tobytes() == again.delta.tobytes() == fresh.delta.tobytes()
    assert first.loss_before == again.loss_before
    measured = {"delta": None, "steps_per_second": 0, "tokens_per_second": 0,
                "peak_memory_bytes": 0}  # fmt: skip
    assert replace(first, **measured) == replace(fresh, **measured)


def test_seeds_rows_and_bases_matter(bench):
    outcomes = [train(bench), train(bench, seed=2), train(bench, split=some_split(seed=6))]
    outcomes.append(
        bench.workbench.train_shared(bench.base(), some_split(), options(seed=10), ignore_progress)
    )
    assert len({outcome.delta.tobytes() for outcome in outcomes}) == 4


def test_training_lowers_the_loss_and_counts_what_it_did(bench):
    outcome = train(bench, steps=30)
    assert outcome.loss_after < outcome.loss_before - 0.05
    assert outcome.delta.dtype == np.float32
    assert outcome.delta.shape == (bench.schema.coordinate_count,)
    split = some_split()
    assert outcome.distinct_rows == len(split.training)
    assert outcome.held_out_rows == len(split.held_out)
    assert train(bench, steps=1, batch_size=3).distinct_rows == 3
    assert outcome.steps_per_second > 0


def test_accumulation_gives_what_one_large_batch_gives(bench):
    large = train(bench, batch_size=6, gradient_accumulation=1, learning_rate=1e-3)
    small = train(bench, batch_size=2, gradient_accumulation=3, learning_rate=1e-3)
    assert np.allclose(large.delta, small.delta, atol=2e-5)
    assert np.abs(large.delta).max() > 1e-3


def test_the_proximal_term_shortens_the_way(bench):
    free, held = train(bench, steps=20), train(bench, steps=20, proximal_mu=50.0)
    assert np.linalg.norm(held.delta) < 0.5 * np.linalg.norm(free.delta)


def test_the_loss_before_is_that_of_a_plain_model(bench, backbone_folder):
    # Version 0 has B = 0, so it changes nothing.
    plain = AutoModelForCausalLM.from_pretrained(backbone_folder).eval()
    tokenizer = RowTokenizer(byte_tokenizer(), 48)
    rows = [tokenizer.tokens(*item) for item in some_split().held_out.items()]
    batches = [collate([row], 0, torch.device("cpu")) for row in rows if row]
    assert train(bench).loss_before == pytest.approx(score(plain, batches).loss, rel=1e-5)


def test_a_personal_adapter_is_trained_on_the_frozen_shared_one(bench):
    personal, base = personal_adapter(bench), bench.base()
    outcome = bench.workbench.train_personal(
        base, personal, some_split(), options(steps=20), ignore_progress
    )
    losses = bench.workbench.evaluate(
        base, PersonalAdapter(personal.schema, outcome.vector), some_split(), maximum_tokens=48
    )
    assert outcome.loss == pytest.approx(losses.personal, rel=1e-6)
    assert losses.personal < losses.shared - 0.02
    assert losses.backbone == pytest.approx(losses.shared, rel=1e-6)
    again = bench.workbench.train_personal(
        base, personal, some_split(), options(steps=20), ignore_progress
    )
    assert again.vector.tobytes() == outcome.vector.tobytes()
    # Neither learns anything about the other: the shared training is untouched by it.
    assert train(bench).delta.tobytes() == train(bench).delta.tobytes()


def test_personal_training_of_no_steps_only_evaluates(bench):
    personal = personal_adapter(bench)
    outcome = bench.workbench.train_personal(
        bench.base(), personal, some_split(), options(steps=0), ignore_progress
    )
    assert np.array_equal(outcome.vector, personal.vector)


def test_evaluation_without_a_personal_adapter(bench):
    losses = bench.workbench.evaluate(bench.base(), None, some_split(), maximum_tokens=48)
    assert losses.personal is None
    assert losses.held_out_rows == len(some_split().held_out)


def test_at_most_so_many_held_out_rows_are_evaluated_on(bench, backbone_folder, tmp_path):
    few = open_bench(backbone_folder, tmp_path)
    few.learner._held_out_limit = 2
    assert (
        few.workbench.evaluate(few.base(), None, some_split(), maximum_tokens=48).held_out_rows == 2
    )


def test_divergence_is_recognised(bench):
    with pytest.raises(TrainingDivergedError):
        train(bench, learning_rate=1e30, steps=3)


def test_rows_without_anything_to_learn_are_passed_over(bench):
    empty = [
        CompletionRow("a prompt that is far too long for it " * 3 + str(n), "x") for n in range(4)
    ]
    split = some_split()
    mixed = Split(dict(sorted((by_digest(empty) | dict(split.training)).items())), split.held_out)
    assert train(bench, split=mixed, steps=30).distinct_rows == len(split.training)
    with pytest.raises(TooFewRowsError):
        train(bench, split=Split(by_digest(empty), split.held_out))
    with pytest.raises(TooFewRowsError):
        train(bench, split=Split(split.training, by_digest(empty)))


def test_another_backbone_is_refused(bench, tmp_path):
    learner = TorchLearner(bench.learner._cache, write_backbone(tmp_path / "other", seed=4),
                           threads=1, held_out_limit=10)  # fmt: skip
    with pytest.raises(BackboneMismatchError, match="the run needs"):
        learner.open(bench.reference, bench.schema)


def test_the_owner_can_point_at_a_copy(bench, tmp_path, backbone_folder):
    reference = replace(bench.reference, model="/not/here")
    with pytest.raises(BackboneUnreadableError, match="no folder"):
        open_bench(backbone_folder, tmp_path).learner.open(reference, bench.schema)
    learner = TorchLearner(bench.learner._cache, backbone_folder, threads=1, held_out_limit=10)
    assert learner.open(reference, bench.schema).schema == bench.schema


def test_weights_that_are_missing_are_not_invented(tmp_path, bench):
    folder = write_backbone(tmp_path / "backbone")
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.norm.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BackboneUnreadableError, match=r"lacks 1 weights.*model\.norm\.weight"):
        train(open_bench(folder, tmp_path))
