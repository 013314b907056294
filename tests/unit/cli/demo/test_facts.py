"""Facts are deterministic, confusable and split by name and by wording."""

from random import Random

from pfi_cli.demo.facts import (
    UNKNOWN,
    FactWorld,
    draw_contextless,
    draw_conversation,
    draw_exchange,
    draw_facts,
)
from pfi_cli.demo.phrasings import FACT_PATTERNS, QUESTION_PATTERNS, strew
from pfi_cli.demo.vocabulary import ATTRIBUTES, draw_entity, split_of

HELD_OUT = FactWorld(entities="held_out")


def conversation(seed: int) -> list[dict[str, str]]:
    return draw_conversation(Random(seed), FactWorld(), facts=5, turns=5)


def test_the_same_seed_gives_the_same_conversation():
    assert conversation(3) == conversation(3)
    assert conversation(3) != conversation(4)


def test_entity_names_of_the_splits_are_disjoint():
    random = Random(1)
    trained = {draw_entity(random, "train").split()[1] for _ in range(300)}
    held_out = {draw_entity(random, "held_out").split()[1] for _ in range(300)}

    assert trained.isdisjoint(held_out)
    assert {split_of(name) for name in held_out} == {"held_out"}


def test_wordings_of_the_splits_are_disjoint():
    for patterns in (FACT_PATTERNS, QUESTION_PATTERNS):
        assert set(patterns["train"]).isdisjoint(patterns["held_out"])


def test_every_fact_pattern_names_entity_attribute_and_value():
    for pattern in (*FACT_PATTERNS["train"], *FACT_PATTERNS["held_out"]):
        assert all(field in pattern for field in ("{e}", "{a}", "{v}"))


def test_strewn_words_leave_the_fields_of_a_pattern_alone():
    for seed in range(50):
        words = strew(Random(seed), "{e}: {a} {v}", ("foreign",)).split()
        assert [word for word in words if word != "foreign"] == ["{e}:", "{a}", "{v}"]
        assert 1 <= words.count("foreign") <= 3


def test_attribute_names_are_unique():
    assert len({attribute.name for attribute in ATTRIBUTES}) == len(ATTRIBUTES)


def test_no_fact_is_drawn_twice_and_no_question_is_asked_twice():
    for seed in range(50):
        facts = draw_facts(Random(seed), FactWorld(), 6)
        questions = [line["content"] for line in conversation(seed) if line["role"] == "user"]
        assert len({(fact.entity, fact.attribute) for fact in facts}) == 6
        assert len(set(questions)) == len(questions) == 5


def test_most_distractors_share_the_attribute_or_the_entity():
    for seed in range(50):
        first, *others = draw_facts(Random(seed), FactWorld(), 6)
        assert all(
            fact.attribute == first.attribute or fact.entity == first.entity for fact in others
        )


def test_some_questions_can_not_be_answered():
    answers = [line["content"] for seed in range(60) for line in conversation(seed)[2::2]]

    assert 0.05 < answers.count(UNKNOWN) / len(answers) < 0.25


def test_a_question_without_passages_has_no_answer():
    user, assistant = draw_contextless(Random(1), FactWorld())

    assert (user["role"], assistant["content"]) == ("user", UNKNOWN)


def test_an_exchange_shows_the_passage_that_holds_its_answer():
    for seed in range(50):
        exchange = draw_exchange(Random(seed), HELD_OUT)
        assert len(exchange.passages) == 4
        assert any(exchange.answer in passage for passage in exchange.passages)
        assert [line["role"] for line in exchange.messages()] == ["system", "user", "assistant"]
