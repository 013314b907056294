"""Classifiers on decoders and encoders: schema, training, heads, and what PEFT makes of them."""

import zipfile
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from tests.support.client_agent.backbones import write_backbone
from tests.support.client_agent.rows import by_digest, labelled_rows, some_split
from tests.unit.client_agent.learning.conftest import options
from transformers import AutoModelForSequenceClassification

from pfi_aggregator.adapters.peft_archive import PeftArchive
from pfi_aggregator.application.ports import AdapterOrigin
from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.description import describe_backbone
from pfi_client_agent.adapters.learning.learner import TorchLearner
from pfi_client_agent.adapters.learning.quiet import peft_advice_ignored
from pfi_client_agent.adapters.learning.skeleton import open_skeleton
from pfi_client_agent.adapters.personal_store import PersonalMeta, PersonalStore
from pfi_client_agent.domain.classification import Classification
from pfi_client_agent.domain.personal_schema import personal_schema
from pfi_client_agent.domain.split import TooFewRowsError, split_rows
from pfi_client_agent.domain.training import BackboneReference, PersonalAdapter
from pfi_common.errors import BackboneUnreadableError, SpecInvalidError
from pfi_common.spec import parse_run_spec
from pfi_common.tensors import flatten, initial_adapter, unflatten

LABELS = ("wet", "dry")
TARGETS = {
    "qwen2": ("q_proj", "v_proj"),
    "gpt2": ("c_attn",),
    "bert": ("query", "value"),
    "distilbert": ("q_lin", "v_lin"),
}
HEADS = {
    "qwen2": {"score.weight": (2, 32)},
    "gpt2": {"score.weight": (2, 32)},
    "bert": {"classifier.weight": (2, 32), "classifier.bias": (2,)},
    "distilbert": {
        "classifier.weight": (2, 32), "classifier.bias": (2,),
        "pre_classifier.weight": (32, 32), "pre_classifier.bias": (32,),
    },
}  # fmt: skip
TOKENS = torch.arange(2, 34).reshape(2, 16)


def classifier_spec(folder, kind, head="shared", **changes):
    return parse_run_spec({
        "name": "weather",
        "backbone": {"model": str(folder)},
        "task": "sequence-classification",
        "classification": {"labels": list(LABELS), "head": head},
        "adapter": {"rank": 4, "alpha": 8, "target_modules": list(TARGETS[kind])},
        "personalize": {"method": "dual_adapter"},
    } | changes)  # fmt: skip


class Bench:
    """A classifier's workbench on a tiny backbone."""

    def __init__(self, root, kind, head="shared"):
        self.folder = write_backbone(root / "backbone", kind)
        self.cache = DigestCache(root / "backbones.json")
        described = describe_backbone(
            classifier_spec(self.folder, kind, head), self.folder, self.cache
        )
        self.schema = described.adapter_schema
        self.reference = BackboneReference(str(self.folder), "", described.backbone_digest)
        self.learner = TorchLearner(self.cache, None, threads=1, held_out_limit=100)
        self.classification = Classification(LABELS, head == "personal", 7)
        self.workbench = self.learner.open(self.reference, self.schema, self.classification)
        self.base = initial_adapter(self.schema, 7)

    def train(self, personal=None, **changes):
        given = options(**({"steps": 40, "batch_size": 8, "learning_rate": 0.02} | changes))
        return self.workbench.train_shared(
            self.base, weather_split(), given, lambda _: None, personal
        )

    def personal(self, seed=3):
        own_head = self.classification.head_is_personal
        head = self.workbench.head_tensors if own_head else ()
        schema = personal_schema(self.schema, rank=2, alpha=4, head=head)
        return PersonalAdapter(schema, initial_adapter(schema, seed))


def weather_split(count=60):
    return split_rows(by_digest(labelled_rows(count)), fraction=0.3, seed=5)


@pytest.mark.parametrize("kind", TARGETS)
def test_the_schema_is_that_of_peft_with_the_head(tmp_path, kind):
    bench = Bench(tmp_path, kind)
    assert {t.name: t.shape for t in bench.schema.head_tensors} == {
        f"base_model.model.{name}": shape for name, shape in HEADS[kind].items()
    }
    model = AutoModelForSequenceClassification.from_config(
        open_skeleton(bench.folder, 2).model.config
    )
    config = LoraConfig(
        r=4, lora_alpha=8, target_modules=list(TARGETS[kind]), task_type="SEQ_CLS",
        modules_to_save=list(bench.schema.head_modules), fan_in_fan_out=kind == "gpt2",
    )  # fmt: skip
    with peft_advice_ignored():
        built = get_peft_model_state_dict(get_peft_model(model, config))
    assert {t.name: t.shape for t in bench.schema.tensors} == {
        name: tuple(value.shape) for name, value in built.items()
    }
    own = describe_backbone(
        classifier_spec(bench.folder, kind, "personal"), bench.folder, bench.cache
    )
    assert own.adapter_schema.head_tensors == ()
    assert own.adapter_schema.task == "sequence-classification"


@pytest.mark.parametrize("kind", TARGETS)
def test_every_architecture_learns_labels(tmp_path, kind):
    bench = Bench(tmp_path, kind)
    outcome = bench.train()
    again = bench.train()
    assert outcome.delta.tobytes() == again.delta.tobytes()
    assert outcome.loss_after < 0.5 * outcome.loss_before
    found = bench.workbench.evaluate(
        bench.base + outcome.delta, None, weather_split(), maximum_tokens=48
    )
    assert found.accuracy_shared > 0.9
    assert found.accuracy_backbone == outcome.accuracy_before < 0.8
    assert found.accuracy_personal is found.personal is None
    # With the untrained head, the backbone alone is what version 0 is.
    assert found.backbone == pytest.approx(outcome.loss_before, rel=1e-6)


@pytest.mark.filterwarnings("ignore:fan_in_fan_out is set to False")
@pytest.mark.parametrize("kind", TARGETS)
def test_peft_alone_gives_the_same_logits(tmp_path, kind):
    bench = Bench(tmp_path, kind)
    vector = bench.base + bench.train().delta
    archive = PeftArchive().build(bench.schema, vector, AdapterOrigin("ab" * 32, "x", None))
    zipfile.ZipFile(BytesIO(archive)).extractall(tmp_path / "adapter")
    plain = AutoModelForSequenceClassification.from_pretrained(
        bench.folder, num_labels=2, pad_token_id=0
    ).eval()
    with peft_advice_ignored():
        loaded = PeftModel.from_pretrained(plain, tmp_path / "adapter").eval()
    adapters = bench.workbench._adapters
    adapters.shared.write(vector)
    adapters.train_shared()
    with torch.no_grad():
        ours, theirs = adapters.model(input_ids=TOKENS).logits, loaded(input_ids=TOKENS).logits
    assert ours.shape == (2, 2)
    assert torch.allclose(ours, theirs, atol=1e-6)
    with torch.no_grad(), loaded.disable_adapter():
        assert not torch.allclose(ours, loaded(input_ids=TOKENS).logits, atol=1e-2)


@pytest.mark.parametrize("kind", ["qwen2", "bert"])
def test_a_personal_head_learns_with_the_personal_adapter_alone(tmp_path, kind):
    bench = Bench(tmp_path, kind, "personal")
    start = bench.personal()
    trained = bench.workbench.train_personal(
        bench.base, start, weather_split(), options(steps=80, batch_size=8), lambda _: None
    )
    assert trained.accuracy > 0.9
    before, after = (unflatten(start.schema, v) for v in (start.vector, trained.vector))
    assert all(not np.array_equal(before[name], after[name]) for name in after)
    mine = PersonalAdapter(start.schema, trained.vector)
    # What is uploaded has no head, and learns beside this device's one.
    with_mine, with_untrained = bench.train(mine, steps=3), bench.train(steps=3)
    assert with_mine.delta.shape == (sum(t.coordinate_count for t in bench.schema.tensors),)
    assert with_mine.loss_before != with_untrained.loss_before
    head = bench.workbench._adapters.head
    bench.train(mine, steps=3)
    assert all(np.array_equal(p.detach(), after[n]) for n, p in head.parameters.items())
    found = bench.workbench.evaluate(bench.base, mine, weather_split(), maximum_tokens=48)
    assert found.accuracy_personal == trained.accuracy
    assert found.shared == pytest.approx(with_mine.loss_before, rel=1e-6)
    assert found.backbone == pytest.approx(with_untrained.loss_before, rel=1e-6)


def test_a_personal_head_is_kept_in_a_folder_that_peft_loads(tmp_path):
    bench = Bench(tmp_path, "qwen2", "personal")
    personal = bench.personal()
    store = PersonalStore(tmp_path / "personal")
    meta = store.save(personal, PersonalMeta("run", 1, "x", "", "", "", 2, 4, "", 0.0, 0.5))
    assert store.find("run") == meta
    plain = AutoModelForSequenceClassification.from_pretrained(bench.folder, num_labels=2).eval()
    with peft_advice_ignored():
        model = PeftModel.from_pretrained(plain, store.path("run"))
        loaded = get_peft_model_state_dict(model, save_embedding_layers=False)
    read = flatten(personal.schema, {name: value.numpy() for name, value in loaded.items()})
    assert read.tobytes() == personal.vector.tobytes()


def test_a_shared_head_and_a_personal_adapter(tmp_path):
    bench = Bench(tmp_path, "qwen2")
    assert bench.personal().schema.head_tensors == ()
    given = options(steps=5, learning_rate=0.02)
    before = dict(unflatten(bench.schema, bench.base))
    bench.workbench.train_personal(
        bench.base, bench.personal(), weather_split(), given, lambda _: None
    )
    shared = unflatten(bench.schema, bench.workbench._adapters.shared.read())
    assert all(np.array_equal(before[name], shared[name]) for name in before)


def test_a_folder_has_one_digest_whatever_it_is_trained_for(tmp_path):
    bench = Bench(tmp_path, "qwen2")
    fresh = DigestCache(tmp_path / "other.json")
    assert open_skeleton(bench.folder).digest(fresh) == bench.reference.digest


def test_one_learner_changes_between_tasks(tmp_path):
    bench = Bench(tmp_path, "qwen2")
    plain = replace(bench.schema, tensors=bench.schema.tensors[:-1], task="causal-lm")
    language = bench.learner.open(bench.reference, plain)
    base = initial_adapter(plain, 1)
    outcome = language.train_shared(base, some_split(), options(), lambda _: None)
    assert outcome.accuracy_before is None
    again = bench.learner.open(bench.reference, bench.schema, bench.classification)
    given = options(steps=3)
    changed = again.train_shared(bench.base, weather_split(), given, lambda _: None)
    assert changed.accuracy_before is not None


def test_an_encoder_that_the_owner_chose_waits_for_a_task(tmp_path):
    bench = Bench(tmp_path, "bert")
    learner = TorchLearner(bench.cache, bench.folder, threads=1, held_out_limit=100)
    found = learner.open(
        replace(bench.reference, model="/not/here"), bench.schema, bench.classification
    )
    assert found.head_tensors == bench.schema.head_tensors
    with pytest.raises(BackboneUnreadableError):
        TorchLearner(bench.cache, tmp_path, threads=1, held_out_limit=100)


def test_a_head_of_other_labels_in_the_folder_is_not_used(tmp_path):
    bench = Bench(tmp_path, "qwen2")
    other = AutoModelForSequenceClassification.from_pretrained(bench.folder, num_labels=5)
    other.save_pretrained(tmp_path / "other")
    bench.workbench._backbone.tokenizer.save_pretrained(tmp_path / "other")
    described = describe_backbone(
        classifier_spec(tmp_path / "other", "qwen2"), tmp_path / "other", bench.cache
    )
    reference = BackboneReference(str(tmp_path / "other"), "", described.backbone_digest)
    learner = TorchLearner(bench.cache, None, threads=1, held_out_limit=100)
    opened = learner.open(reference, described.adapter_schema, bench.classification)
    given = options(steps=3)
    ours = opened.train_shared(bench.base, weather_split(), given, lambda _: None)
    theirs = bench.train(steps=3, batch_size=2, learning_rate=0.01)
    assert ours.delta.tobytes() == theirs.delta.tobytes()


def test_rows_without_a_known_label_are_no_training_rows(tmp_path):
    bench = Bench(tmp_path, "qwen2")
    with pytest.raises(TooFewRowsError):
        bench.workbench.train_shared(bench.base, some_split(), options(), lambda _: None)


@pytest.mark.parametrize(("kind", "target"), [("qwen2", "score"), ("bert", "classifier")])
def test_lora_on_the_head_is_refused(tmp_path, kind, target):
    folder = write_backbone(tmp_path / "backbone", kind)
    adapter = {"rank": 4, "target_modules": [target]}
    with pytest.raises(SpecInvalidError, match="in the classifier's head"):
        describe_backbone(
            classifier_spec(folder, kind, adapter=adapter), folder, DigestCache(tmp_path / "c")
        )


def test_a_head_stays_in_float32_on_a_backbone_in_bfloat16(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "pfi_client_agent.adapters.learning.backbone.choose_device",
        lambda: (torch.device("cpu"), torch.bfloat16),
    )
    for kind in TARGETS:
        bench = Bench(tmp_path / kind, kind)
        head = bench.workbench._adapters.head
        assert {p.dtype for p in head.parameters.values()} == {torch.float32}
        outcome = bench.train(steps=60)
        assert outcome.loss_after < outcome.loss_before
