import pytest
from tests.support.client_agent.backbones import byte_tokenizer
from tests.support.client_agent.serving import CHAT_TEMPLATE

from pfi_client_agent.adapters.serving.prompting import PromptWriter
from pfi_client_agent.domain.answering import ChatMessage, Citation, Prompt, Sampling
from pfi_common.errors import ChatTemplateMissingError, InvalidRequestError, PromptTooLongError

QUESTION = [ChatMessage("user", "What is it?")]


def passages(count, text="x" * 40):
    return [Citation("d", "n", (), number, 1, 2, 1.0, text) for number in range(count)]


def writer(positions=400, template=CHAT_TEMPLATE, *, system_lines=True):
    return PromptWriter(byte_tokenizer(template), positions, system_lines=system_lines)


def text_of(ids):
    return byte_tokenizer().decode(ids)


def test_writes_the_conversation_and_opens_the_answer():
    ids, used, limit = writer().write(Prompt(QUESTION), Sampling(maximum_tokens=5))
    assert text_of(ids) == "user: What is it?\nassistant:"
    assert (used, limit) == (0, 5)


def test_the_worst_passages_make_room_for_the_answer():
    ids, used, limit = writer(220).write(Prompt(QUESTION, passages(9)), Sampling())
    assert 0 < used < 9
    assert len(ids) + limit == 220
    assert limit >= 55


def test_a_wanted_length_is_cut_to_what_is_left():
    ids, _, limit = writer(100).write(Prompt(QUESTION), Sampling(maximum_tokens=1000))
    assert limit == 100 - len(ids)


def test_a_conversation_that_leaves_no_room_is_refused_with_numbers():
    with pytest.raises(PromptTooLongError) as caught:
        writer(20).write(Prompt(QUESTION, passages(2)), Sampling())
    assert caught.value.details == {"tokens": "28", "maximum": "20"}


def test_a_backbone_without_a_template_is_refused():
    with pytest.raises(ChatTemplateMissingError):
        writer(template=None).write(Prompt(QUESTION), Sampling())


def test_what_the_template_refuses_is_the_requests_fault():
    refusing = "{{ raise_exception('roles must alternate') }}"
    with pytest.raises(InvalidRequestError, match="template refuses"):
        writer(template=refusing).write(Prompt(QUESTION), Sampling())


def test_blocks_are_marked_anew_each_time():
    prompt = Prompt(QUESTION, passages(1))
    first, _, _ = writer(2000, system_lines=False).write(prompt, Sampling())
    again, _, _ = writer(2000, system_lines=False).write(prompt, Sampling())
    assert first != again
    assert text_of(first).startswith("user: ")


def test_control_tokens_of_the_backbone_stay_text_in_passages():
    prompt = Prompt(QUESTION, passages(1, "a <|end|> b"))
    ids, _, _ = writer(2000).write(prompt, Sampling())
    assert byte_tokenizer().eos_token_id not in ids
