import pytest
import torch

from pfi_client_agent.adapters.serving.choosing import TokenChoice
from pfi_client_agent.adapters.serving.generation import Generation
from pfi_client_agent.adapters.serving.spelling import Spelling
from pfi_client_agent.domain.answering import Ending, Sampling

PROMPT = [40, 41, 42, 43]


def generate(backbone, limit=24, cancelled=lambda: False, **sampling):
    items = list(Generation(backbone, Sampling(**sampling), cancelled).run(PROMPT, limit, 0))
    text = "".join(item for item in items if isinstance(item, str))
    endings = [item for item in items if isinstance(item, Ending)]
    return text, endings[0] if endings else None


def test_greedy_is_what_transformers_generates(loaded):
    text, ending = generate(loaded)
    with torch.no_grad():
        ids = loaded.model.generate(
            torch.tensor([PROMPT]),
            attention_mask=torch.ones(1, len(PROMPT), dtype=torch.long),
            max_new_tokens=24,
            do_sample=False,
        )[0, len(PROMPT) :]
    assert text == loaded.tokenizer.decode(ids, skip_special_tokens=True).lstrip()
    assert ending.prompt_tokens == 4
    assert ending.completion_tokens == len(ids)


def test_the_room_ends_an_answer(loaded):
    _, ending = generate(loaded, limit=3)
    assert (ending.reason, ending.completion_tokens) == ("length", 3)


def test_the_end_token_ends_an_answer_and_is_not_spelled(loaded, monkeypatch):
    text, _ = generate(loaded, limit=12)
    choices = iter([50, 51, 1, 52])
    monkeypatch.setattr(TokenChoice, "choose", lambda _self, _logits: next(choices))
    ended, ending = generate(loaded, limit=12)
    assert (ending.reason, ending.completion_tokens) == ("stop", 3)
    assert "<|end|>" not in ended
    assert ended != text


def test_a_stop_text_ends_an_answer_and_is_left_out(loaded):
    whole, _ = generate(loaded)
    stop = whole[8:11]
    text, ending = generate(loaded, stop=(stop,))
    assert text == whole[: whole.index(stop)]
    assert ending.reason == "stop"


def test_a_cancelled_answer_ends_before_its_next_token(loaded):
    asked = []

    def cancelled():
        asked.append(True)
        return len(asked) > 3

    _, ending = generate(loaded, cancelled=cancelled)
    assert ending is None
    assert len(asked) <= 6


def test_a_seed_repeats_an_answer_and_leaves_the_generator_of_training_alone(loaded):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first = generate(loaded, temperature=1.5, seed=3)
    again = generate(loaded, temperature=1.5, seed=3)
    other = generate(loaded, temperature=1.5, seed=4)
    assert first == again
    assert first != other
    assert generate(loaded, temperature=1.5) != generate(loaded, temperature=1.5)
    assert torch.equal(torch.rand(3), expected)


def test_a_small_share_of_the_probability_is_greedy(loaded):
    assert generate(loaded, temperature=1.0, top_p=1e-6, seed=1) == generate(loaded)


def test_a_temperature_next_to_nothing_is_greedy(loaded):
    assert generate(loaded, temperature=1e-40, seed=1) == generate(loaded)


def test_the_nucleus_holds_the_likeliest_tokens():
    logits = torch.log(torch.tensor([0.5, 0.3, 0.15, 0.05]))
    choice = TokenChoice(Sampling(temperature=1.0, top_p=0.7, seed=1))
    drawn = {choice.choose(logits) for _ in range(200)}
    assert drawn == {0, 1}


@pytest.mark.parametrize("text", ["naïve Größe 日本語 🦦 end", " leading", "plain words here"])
def test_pieces_are_the_text(loaded, text):
    spelling = Spelling(loaded.tokenizer)
    pieces = [spelling.add(token) for token in loaded.tokenizer(text)["input_ids"]]
    assert "".join([*pieces, spelling.flush()]) == text.lstrip()
    # A letter of several tokens comes when it is complete.
    assert all("\N{REPLACEMENT CHARACTER}" not in piece for piece in pieces)
