import json

import pytest
from tests.support.cli.answering_agent import AnsweringAgent

from pfi_cli.demo.client_facts import client_passages
from pfi_cli.demo.driver.agent_api import AgentApi, holds
from pfi_cli.demo.driver.private_documents import write_documents
from pfi_cli.demo.driver.private_questions import Asked, _wait_until_ready
from pfi_common.errors import LocalFederationFailedError


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("4827, over. Aye.", True),
        ("It is 4827", True),
        ("14827", False),
        ("482", False),
        ("", False),
    ],
)
def test_an_answer_holds_a_value_as_a_word_of_its_own(answer, right):
    assert holds(answer, "4827") is right


def test_each_fact_is_a_document_of_its_own(tmp_path):
    folder = write_documents(tmp_path, 1, seed=7)
    passages = client_passages(1, 7)
    found = {file.stem: file.read_text().strip() for file in folder.iterdir()}
    assert found == {passage.id: passage.text for passage in passages}


def test_an_agent_is_asked_with_its_token(tmp_path):
    with AnsweringAgent(tmp_path, "4827, over.") as agent:
        api = AgentApi(tmp_path)
        assert api.ready
        assert api.ask("Which code?", documents=True) == "4827, over."
        assert agent.tokens == ["Bearer secret"]
        (request,) = agent.requests
        assert request["messages"] == [{"role": "user", "content": "Which code?"}]
        assert request["temperature"] == 0
        assert request["pfi"]["documents"] is True


def test_an_agent_says_which_adapter_answers(tmp_path):
    with AnsweringAgent(tmp_path, "") as agent:
        api = AgentApi(tmp_path)
        assert not api.answers_with("d" * 64)
        agent.adapter = "d" * 64
        assert api.answers_with("d" * 64)
        assert not api.answers_with("e" * 64)
        assert agent.tokens == ["Bearer secret"] * 3
    assert not api.answers_with("d" * 64)  # it has gone


def test_agents_are_asked_once_the_last_adapter_answers(tmp_path):
    """An agent that has not looked for it yet, or answers with an older one, is waited for."""
    folders = [tmp_path / name for name in ("one", "two")]
    looks = 0
    with AnsweringAgent(folders[0], "") as first, AnsweringAgent(folders[1], "") as second:
        first.adapter, second.adapter = "new", "old"

        def tend():
            nonlocal looks
            looks += 1
            second.adapter = "new" if looks == 2 else "old"

        _wait_until_ready([Asked("x", folder, ()) for folder in folders], "new", tend)
    assert looks == 2


def test_an_agent_that_does_not_answer_is_named(tmp_path):
    api = AgentApi(tmp_path)
    assert not api.ready
    (tmp_path / "serving").mkdir()
    (tmp_path / "serving" / "api-token").write_text("secret")
    endpoints = tmp_path / "serving" / "endpoints.json"
    endpoints.write_text(json.dumps({"http": "http://127.0.0.1:9"}))
    with pytest.raises(LocalFederationFailedError, match="does not answer questions"):
        api.ask("Which code?", documents=False)
