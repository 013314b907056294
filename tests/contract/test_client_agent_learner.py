"""What every learner keeps to: the twin of tests, and the one with torch."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.support.client_agent.backbones import write_backbone
from tests.support.client_agent.learner import MemoryLearner, MemoryWorkbench
from tests.support.client_agent.rows import by_digest, labelled_rows, some_split

from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.head import head_by_file_name
from pfi_client_agent.adapters.learning.learner import TorchLearner
from pfi_client_agent.adapters.learning.lora import lora_schema
from pfi_client_agent.adapters.learning.skeleton import open_skeleton
from pfi_client_agent.adapters.learning.workbench import TorchWorkbench
from pfi_client_agent.domain.abandonment import TaskStoppedError
from pfi_client_agent.domain.classification import Classification
from pfi_client_agent.domain.personal_schema import personal_schema
from pfi_client_agent.domain.split import Split, TooFewRowsError, split_rows
from pfi_client_agent.domain.training import (
    BackboneReference,
    FreshAdapter,
    PersonalAdapter,
    StepOptions,
)
from pfi_common.errors import AdapterInvalidError, BackboneMismatchError
from pfi_common.spec import parse_run_spec
from pfi_common.tensors import SEQUENCE_CLASSIFICATION, at_rank, initial_adapter, unflatten

OPTIONS = StepOptions(steps=3, batch_size=2, gradient_accumulation=1, learning_rate=0.01,
                      proximal_mu=0.0, maximum_tokens=48, seed=9)  # fmt: skip
LABELS = ("wet", "dry")


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    """Folder, digest and schema of a tiny backbone."""
    folder = write_backbone(tmp_path_factory.mktemp("backbone"))
    skeleton = open_skeleton(folder)
    cache = DigestCache(tmp_path_factory.mktemp("cache") / "backbones.json")
    spec = parse_run_spec({"name": "tiny", "backbone": {"model": str(folder)}})
    reference = BackboneReference(str(folder), "", skeleton.digest(cache))
    return reference, lora_schema(skeleton.model, spec.adapter), cache


@pytest.fixture(params=["memory", "torch"], scope="module")
def learner(request, described):
    reference, _, cache = described
    if request.param == "memory":
        return MemoryLearner(reference.digest)
    return TorchLearner(cache, None, threads=1, held_out_limit=100)


@pytest.fixture
def bench(learner, described):
    return learner.open(described[0], described[1])


@pytest.fixture(scope="module")
def base(described):
    return initial_adapter(described[1], 1)


@pytest.fixture(scope="module")
def personal(described):
    schema = personal_schema(described[1], rank=2, alpha=4)
    return PersonalAdapter(schema, initial_adapter(schema, 2))


def quietly(_done):
    return None


@pytest.fixture(scope="module")
def fresh(described):
    schema = at_rank(described[1], 2)
    return FreshAdapter(schema, initial_adapter(schema, 5))


def test_a_fresh_adapter_is_uploaded_whole(bench, base, fresh):
    first = bench.train_fresh(base, fresh, some_split(), OPTIONS, quietly)
    again = bench.train_fresh(base, fresh, some_split(), OPTIONS, quietly)
    assert first.delta.tobytes() == again.delta.tobytes()
    assert first.delta.shape == (fresh.schema.coordinate_count,)
    assert first.distinct_rows == 6
    still = bench.train_fresh(base, fresh, some_split(), replace(OPTIONS, steps=0), quietly)
    assert still.delta.tobytes() == fresh.vector.tobytes()
    assert still.loss_before == first.loss_before


def test_what_is_trained_afterwards_does_not_notice_a_fresh_adapter(bench, base, fresh, personal):
    shared = bench.train_shared(base, some_split(), OPTIONS, quietly)
    own = bench.train_personal(base, personal, some_split(), OPTIONS, quietly)
    bench.train_fresh(base, fresh, some_split(), OPTIONS, quietly)
    after = bench.train_personal(base, personal, some_split(), OPTIONS, quietly)
    assert after.vector.tobytes() == own.vector.tobytes()
    again = bench.train_shared(base, some_split(), OPTIONS, quietly)
    assert again.delta.tobytes() == shared.delta.tobytes()


def test_equal_arguments_give_equal_bits(bench, base):
    first = bench.train_shared(base, some_split(), OPTIONS, quietly)
    again = bench.train_shared(base, some_split(), OPTIONS, quietly)
    other = bench.train_shared(base, some_split(), replace(OPTIONS, seed=10), quietly)
    assert first.delta.tobytes() == again.delta.tobytes() != other.delta.tobytes()
    assert first.delta.dtype == np.float32
    assert first.delta.shape == base.shape
    assert first.distinct_rows == 6
    assert first.held_out_rows == len(some_split().held_out)


def test_the_base_is_left_as_it_is(bench, base):
    before = base.copy()
    bench.train_shared(base, some_split(), OPTIONS, quietly)
    assert np.array_equal(base, before)


def test_every_step_is_announced(bench, base, personal):
    seen = []
    bench.train_shared(base, some_split(), OPTIONS, seen.append)
    bench.train_personal(base, personal, some_split(), OPTIONS, seen.append)
    assert seen == [0, 1, 2, 0, 1, 2]


def test_what_is_raised_before_a_step_ends_the_training(bench, base):
    def stop(done):
        if done == 1:
            raise TaskStoppedError

    with pytest.raises(TaskStoppedError):
        bench.train_shared(base, some_split(), OPTIONS, stop)


def test_no_steps_leave_a_personal_adapter_as_it_is(bench, base, personal):
    outcome = bench.train_personal(base, personal, some_split(), replace(OPTIONS, steps=0), quietly)
    assert np.array_equal(outcome.vector, personal.vector)
    losses = bench.evaluate(base, personal, some_split(), maximum_tokens=48)
    assert losses.personal == pytest.approx(outcome.loss, rel=1e-6)
    assert bench.evaluate(base, None, some_split(), maximum_tokens=48).personal is None


def test_vectors_that_do_not_fit_are_refused(bench, base, personal):
    broken = base.copy()
    broken[0] = np.nan
    for vector in (base[:-1], broken):
        with pytest.raises(AdapterInvalidError):
            bench.train_shared(vector, some_split(), OPTIONS, quietly)
    short = PersonalAdapter(personal.schema, personal.vector[1:])
    with pytest.raises(AdapterInvalidError):
        bench.train_personal(base, short, some_split(), OPTIONS, quietly)


def test_rows_are_needed_on_both_sides(bench, base):
    split = some_split()
    for rows in (Split({}, split.held_out), Split(split.training, {})):
        with pytest.raises(TooFewRowsError):
            bench.train_shared(base, rows, OPTIONS, quietly)


def test_another_backbone_is_refused(learner, described):
    reference, schema, _ = described
    with pytest.raises(BackboneMismatchError):
        learner.open(replace(reference, digest="ab" * 32), schema)


def test_a_bench_is_kept_for_the_next_task(learner, described):
    reference, schema, _ = described
    bench = learner.open(reference, schema)
    assert learner.open(reference, schema) is bench
    assert isinstance(bench, MemoryWorkbench | TorchWorkbench)


@pytest.fixture(scope="module")
def classifier_schema(described):
    reference, schema, _ = described
    skeleton = open_skeleton(Path(reference.model), len(LABELS))
    head = head_by_file_name(skeleton.model)
    task = SEQUENCE_CLASSIFICATION
    return lora_schema(skeleton.model, schema, task=task, head=head)


@pytest.fixture
def classifier(learner, described, classifier_schema):
    return learner.open(described[0], classifier_schema, Classification(LABELS, False, 1))


def labelled_split():
    return split_rows(by_digest(labelled_rows(24)), fraction=0.3, seed=5)


def test_a_classifier_has_a_head_and_tells_its_accuracy(classifier, classifier_schema):
    (head,) = classifier.head_tensors
    assert (head.name, head.shape[0]) == ("base_model.model.score.weight", len(LABELS))
    base = initial_adapter(classifier_schema, 1)
    outcome = classifier.train_shared(base, labelled_split(), OPTIONS, quietly)
    assert outcome.delta.shape == base.shape
    assert 0 <= outcome.accuracy_before <= 1
    schema = personal_schema(classifier_schema, rank=2, alpha=4)
    own = PersonalAdapter(schema, initial_adapter(schema, 2))
    trained = classifier.train_personal(base, own, labelled_split(), OPTIONS, quietly)
    found = classifier.evaluate(
        base, replace(own, vector=trained.vector), labelled_split(), maximum_tokens=48
    )
    assert found.accuracy_personal == pytest.approx(trained.accuracy)
    assert 0 <= found.accuracy_backbone <= 1


def test_the_head_learns_beside_a_fresh_adapter(classifier, classifier_schema):
    schema = at_rank(classifier_schema, 2)
    base, fresh = initial_adapter(classifier_schema, 1), initial_adapter(schema, 2)
    given = FreshAdapter(schema, fresh)
    outcome = classifier.train_fresh(base, given, labelled_split(), OPTIONS, quietly)
    changes = unflatten(schema, outcome.delta)
    for tensor in schema.tensors:
        before = unflatten(schema, fresh)[tensor.name]
        start = before if tensor.is_lora else np.zeros_like(before)
        assert np.abs(changes[tensor.name] - start).max() > 0
    (head,) = schema.head_tensors
    still = classifier.train_fresh(
        base, given, labelled_split(), replace(OPTIONS, steps=0), quietly
    )
    assert not unflatten(schema, still.delta)[head.name].any()
    assert still.accuracy_before == outcome.accuracy_before


def test_a_language_model_has_neither(bench, base):
    assert list(bench.head_tensors) == []
    outcome = bench.train_shared(base, some_split(), OPTIONS, quietly)
    assert outcome.accuracy_before is None
    assert outcome.tokens_per_second > 0
    assert outcome.peak_memory_bytes > 0
