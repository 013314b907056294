"""What every engine that answers keeps to: the twin of tests, and the one with torch."""

from dataclasses import replace

import numpy as np
import pytest
from tests.support.client_agent.serving import (
    MemoryAnswerEngine,
    random_adapter,
    write_chat_backbone,
)

from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.serving.engine import TorchAnswerEngine
from pfi_client_agent.domain.answering import (
    AdapterWeights,
    ChatMessage,
    Citation,
    Ending,
    Prompt,
    Sampling,
)
from pfi_common.errors import (
    AdapterInvalidError,
    BackboneMismatchError,
    PromptTooLongError,
    SchemaMismatchError,
)

SHORT = Sampling(maximum_tokens=12)


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    return write_chat_backbone(tmp_path_factory.mktemp("chat"))


@pytest.fixture(params=["memory", "torch"], scope="module")
def fresh(request, backbone, tmp_path_factory):
    """Makes an engine that has loaded nothing."""

    def make():
        if request.param == "memory":
            return MemoryAnswerEngine(backbone.reference)
        cache = DigestCache(tmp_path_factory.mktemp("cache") / "backbones.json")
        return TorchAnswerEngine(cache, None, threads=1)

    return make


@pytest.fixture(scope="module")
def loaded(fresh, backbone):
    engine = fresh()
    engine.load(backbone.reference)
    return engine


@pytest.fixture
def engine(loaded):
    loaded.apply([])
    return loaded


def said(engine, question="what is it?", sampling=SHORT, passages=()):
    prompt = Prompt([ChatMessage("user", question)], passages)
    items = list(engine.answer(prompt, sampling, lambda: False))
    assert all(isinstance(item, str) and item for item in items[:-1])
    return "".join(items[:-1]), items[-1]


def test_has_no_backbone_before_it_is_loaded(fresh, backbone):
    engine = fresh()
    assert engine.backbone_digest is None
    engine.load(backbone.reference)
    engine.load(backbone.reference)
    assert engine.backbone_digest == backbone.reference.digest


def test_another_backbone_is_refused_before_and_after_loading(fresh, backbone):
    other = replace(backbone.reference, digest="0" * 64)
    engine = fresh()
    with pytest.raises(BackboneMismatchError):
        engine.load(other)
    engine.load(backbone.reference)
    with pytest.raises(BackboneMismatchError):
        engine.load(other)
    assert engine.backbone_digest == backbone.reference.digest


def test_an_answer_ends_with_its_ending(engine):
    text, ending = said(engine)
    assert text
    assert isinstance(ending, Ending)
    assert 0 < ending.completion_tokens <= 12
    assert ending.prompt_tokens > 0


def test_equal_requests_get_equal_answers(engine):
    assert said(engine) == said(engine)
    drawn = replace(SHORT, temperature=1.0, seed=5)
    assert said(engine, sampling=drawn) == said(engine, sampling=drawn)
    assert said(engine, sampling=drawn) != said(engine, sampling=replace(drawn, seed=6))


def test_adapters_decide_about_the_answer(engine, backbone):
    first, second = (random_adapter(backbone.schema(), seed, 2.0) for seed in (1, 2))
    alone, _ = said(engine)
    answers = {alone}
    for layers in ([first], [second], [first, second]):
        engine.apply(layers)
        answers.add(said(engine)[0])
    assert len(answers) == 4
    engine.apply([])
    assert said(engine)[0] == alone


@pytest.mark.parametrize("wrong", ["modules", "length", "nan"])
def test_what_does_not_fit_is_refused_and_the_old_answers(engine, backbone, wrong):
    good = random_adapter(backbone.schema(), 1)
    bad = {
        "modules": random_adapter(backbone.schema(targets=("down_proj",)), 1),
        "length": AdapterWeights(good.schema, good.vector[1:]),
        "nan": AdapterWeights(good.schema, np.full_like(good.vector, np.nan)),
    }[wrong]
    if wrong == "modules":
        # These modules are there; the tensors are of others.
        renamed = replace(bad.schema, target_modules=("absent",))
        bad = AdapterWeights(renamed, bad.vector)
    engine.apply([good])
    before = said(engine)
    with pytest.raises((SchemaMismatchError, AdapterInvalidError)):
        engine.check([bad])
    with pytest.raises((SchemaMismatchError, AdapterInvalidError)):
        engine.apply([good, bad])
    assert said(engine) == before


def test_a_conversation_without_room_is_refused(engine):
    with pytest.raises(PromptTooLongError):
        said(engine, "word " * 900)


def test_passages_that_were_read_are_counted(engine):
    found = [Citation("d", "n", (), 0, 1, 1, 1.0, "It is blue.")]
    assert said(engine, passages=found)[1].passages == 1
    assert said(engine)[1].passages == 0


def test_stop_texts_end_an_answer(engine):
    text, _ = said(engine)
    stop = text[3:6]
    shorter, ending = said(engine, sampling=replace(SHORT, stop=(stop,)))
    assert shorter == text[: text.index(stop)]
    assert ending.reason == "stop"


def test_a_cancelled_answer_has_no_ending(engine):
    asked = []

    def cancelled():
        asked.append(True)
        return len(asked) > 2

    prompt = Prompt([ChatMessage("user", "what is it?")])
    items = list(engine.answer(prompt, SHORT, cancelled))
    assert len(items) < 12
    assert not any(isinstance(item, Ending) for item in items)
