"""The API's token: whole or absent, private, and never empty."""

import threading

import pytest

from pfi_client_agent.adapters import serving_folder
from pfi_client_agent.adapters.serving_folder import ServingFolder
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.entrypoints.answers_api.guard import Guard


@pytest.fixture
def folder(tmp_path):
    return ServingFolder(StateFolder(tmp_path / "state"))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "state" / "serving" / "api-token"


def test_the_token_is_made_once_and_only_its_owner_reads_it(folder, file):
    token = folder.token()
    assert len(token) >= 32
    assert folder.token() == token == file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_a_kill_while_the_token_is_written_leaves_none(folder, file, monkeypatch):
    class KilledError(BaseException):
        pass

    def killed(path, data, mode):
        path.touch(mode)
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(serving_folder, "write_new", killed)
        with pytest.raises(KilledError):
            folder.token()
    assert not file.exists()
    assert folder.token()


def test_an_empty_token_file_is_made_anew(folder, file):
    file.parent.mkdir(parents=True)
    file.touch()
    assert folder.token() == file.read_text() != ""


def test_two_that_make_the_token_at_once_have_the_same(folder):
    found, together = [], threading.Barrier(4)

    def take():
        together.wait(10)
        found.append(folder.token())

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(found) == 4
    assert len(set(found)) == 1


@pytest.mark.parametrize("sent", [b"Bearer ", b"Bearer", b"bearer  ", b""])
async def test_an_empty_token_lets_nobody_in(sent):
    answers = []

    async def reached(scope, receive, send):
        raise AssertionError("let in")

    async def send(message):
        answers.append(message)

    scope = {
        "type": "http", "path": "/v1/models",
        "headers": [(b"host", b"localhost"), (b"authorization", sent)],
    }  # fmt: skip
    await Guard(reached, token="", loopback=True)(scope, None, send)
    assert answers[0]["status"] == 401
