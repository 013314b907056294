"""A fleet's parts: data dealt out, tokens given out, clients counted, files limited."""

import io
import json
import logging
import resource
from fractions import Fraction

import pytest
from rich.console import Console
from tests.support.client_agent.rows import by_digest, mixed_rows, write_rows

from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.adapters.fleet_data import FleetSource, client_files, read_shares
from pfi_client_agent.adapters.fleet_folder import FleetFolder
from pfi_client_agent.application.fleet_tally import FleetTally
from pfi_client_agent.bootstrap import LearningOptions
from pfi_client_agent.domain.dealing import by_speaker, deal_rows
from pfi_client_agent.domain.fleet_tokens import TokenLedger
from pfi_client_agent.domain.local_data import LocalData
from pfi_client_agent.domain.reading import Reading
from pfi_client_agent.entrypoints.fleet_display import render
from pfi_client_agent.entrypoints.fleet_process import require_open_files
from pfi_client_agent.entrypoints.fleet_start import FleetOptions, read_tokens, start_fleet
from pfi_common.errors import (
    ClientRevokedError,
    DataUnreadableError,
    MachineUnsuitableError,
    SettingsInvalidError,
    TokenInvalidError,
)


def data_of(rows):
    data = LocalData("all.jsonl")
    for row in rows:
        data.add(row)
    return data


def source(data, clients, **changes):
    values = {"seed": 0, "reading": Reading(), "split_by_speaker": False,
              "bad_row_limit": Fraction(1, 10)}  # fmt: skip
    return FleetSource(str(data), clients, **(values | changes))


def test_every_row_is_dealt_to_one_client_and_shares_are_even():
    shares = deal_rows(data_of(mixed_rows(32)), 5, seed=3)
    digests = [digest for share in shares for digest in share.rows]
    assert sorted(digests) == sorted(by_digest(mixed_rows(32)))
    assert sorted(len(share.rows) for share in shares) == [6, 6, 6, 7, 7]
    assert all(share.training_rows == len(share.rows) - 1 for share in shares)


def test_shares_depend_on_the_seed_and_not_on_the_order_of_the_file():
    rows = mixed_rows(24)
    first, again, other = (
        [list(share.rows) for share in deal_rows(data_of(order), 3, seed)]
        for order, seed in ((rows, 1), (rows[::-1], 1), (rows, 2))
    )
    assert first == again
    assert first != other


def test_too_few_rows_for_so_many_clients_are_refused():
    with pytest.raises(DataUnreadableError, match="24 distinct usable rows; 9 clients need 27"):
        deal_rows(data_of(mixed_rows(24)), 9, seed=0)


def test_speakers_become_clients_by_how_much_they_say():
    speeches = {"ANN": ["a", "b", "c"], "BOB": ["x"], "CLEO": ["k", "l", "m", "n", "n"]}
    shares = by_speaker("play.txt", speeches, 2)
    assert [share.source for share in shares] == ["play.txt, CLEO", "play.txt, ANN"]
    assert [len(share.rows) for share in shares] == [4, 3]
    with pytest.raises(DataUnreadableError, match="2 speakers with 3 rows or more; 3 clients"):
        by_speaker("play.txt", speeches, 3)


def test_a_plain_text_is_parted_by_speaker(tmp_path):
    blocks = [f"{name}:\nline {number} of {name}" for number in range(4) for name in ("ANN", "BOB")]
    play = tmp_path / "play.txt"
    play.write_text("\n\n".join(blocks))
    shares, unusable = read_shares(source(play, 2, split_by_speaker=True))
    assert unusable == {}
    assert [share.source.rsplit(", ", 1)[1] for share in shares.values()] == ["ANN", "BOB"]


def test_files_are_taken_in_the_order_that_people_count(tmp_path):
    for number in (10, 2, 0, 1):
        (tmp_path / f"client_{number}.jsonl").touch()
    (tmp_path / ".hidden").touch()
    names = [path.stem for path in client_files(tmp_path, 4)]
    assert names == ["client_0", "client_1", "client_2", "client_10"]
    with pytest.raises(DataUnreadableError, match="4 files; 5 clients"):
        client_files(tmp_path, 5)


def test_one_clients_bad_file_is_its_own_failure(tmp_path):
    write_rows(tmp_path / "0.jsonl", ["a", "b", "c"])
    (tmp_path / "1.jsonl").write_text("")
    shares, unusable = read_shares(source(tmp_path, 2))
    assert list(shares) == [0]
    assert [type(error) for error in unusable.values()] == [DataUnreadableError]
    (tmp_path / "0.jsonl").write_text("")
    with pytest.raises(DataUnreadableError, match="is empty"):
        read_shares(source(tmp_path, 2))


def test_a_token_stays_with_its_client():
    ledger = TokenLedger()
    ledger.give([0, 1], ["a", "b", "c"])
    ledger.give([0, 1, 2], ["b", "a", "c", "d"])
    assert ledger.given == {0: "a", 1: "b", 2: "c"}


def test_a_refused_token_is_replaced_and_never_given_again():
    ledger = TokenLedger()
    ledger.give([0], ["a"])
    ledger.refuse(0)
    with pytest.raises(TokenInvalidError, match=r"1 clients .* 0 unused ones"):
        ledger.give([0], ["a", "a"])
    ledger.give([0], ["a", "b"])
    assert ledger.given == {0: "b"}


def test_what_is_known_of_tokens_survives_a_restart_and_is_private(tmp_path):
    folder = FleetFolder(tmp_path / "fleet")
    assert folder.load_tokens() == TokenLedger()
    ledger = TokenLedger({3: "a"}, {"z"})
    folder.save_tokens(ledger)
    assert FleetFolder(tmp_path / "fleet").load_tokens() == ledger
    assert folder.tokens.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"given": {"x": "a"}, "refused": []})])
def test_a_damaged_list_of_tokens_is_not_taken_for_an_empty_one(tmp_path, content):
    folder = FleetFolder(tmp_path)
    folder.tokens.write_text(content)
    with pytest.raises(SettingsInvalidError, match=r"tokens\.json is damaged"):
        folder.load_tokens()


def train_task(number):
    task = Task(run="r-1", round=number)
    task.train.local.steps = 1
    return task


def test_clients_are_counted_through_a_round():
    tally = FleetTally(3, enrolled=3, connected={0, 1, 2})
    for client in range(3):
        tally.task_arrived(client, train_task(1))
    tally.task_began(0)
    assert (tally.counts()["waiting"], tally.counts()["training"]) == (2, 1)
    tally.task_ended(0, train_task(1), completed=True)
    tally.task_began(1)
    tally.task_ended(1, train_task(1), completed=False)
    tally.client_failed(2, ClientRevokedError("c-2 is revoked"))
    assert tally.counts() == {
        "enrolled": 3, "connected": 2, "waiting": 0, "training": 0, "done": 1, "failed": 1,
    }  # fmt: skip
    assert (tally.tasks_done, tally.tasks_given_back) == (1, 1)
    tally.task_arrived(0, train_task(2))
    assert (tally.current, tally.counts()["done"]) == ("r-1 round 2", 0)
    tally.task_ended(1, train_task(1), completed=None)
    assert (tally.counts()["done"], tally.tasks_given_back) == (0, 1)


def test_the_summary_names_the_first_failures():
    tally = FleetTally(9)
    for client in range(5):
        tally.client_failed(client, ClientRevokedError("c is revoked"))
    assert tally.summary().startswith("5 of 9 clients failed: client 0: CLIENT_REVOKED (c is rev")
    assert tally.summary().endswith("; ...")
    assert "client 3" not in tally.summary()


def test_too_few_open_files_are_said_with_numbers(monkeypatch):
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 256))
    require_open_files(clients=10, at_once=8)
    with pytest.raises(MachineUnsuitableError, match=r"200 clients need 560 open files; .* 256"):
        require_open_files(clients=200, at_once=8)


@pytest.fixture
def restored_logging():
    """What the process logs to, as it was."""
    root, own = logging.getLogger(), logging.getLogger("pfi")
    handlers, level, own_level = list(root.handlers), root.level, own.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    own.setLevel(own_level)
    logging.captureWarnings(capture=False)


def shown(tally):
    out = io.StringIO()
    Console(file=out, width=100).print(render(tally))
    return out.getvalue()


def test_a_terminal_shows_how_far_the_clients_are():
    tally = FleetTally(200, enrolled=200, connected=set(range(198)))
    assert "200" in shown(tally)
    assert "round" not in shown(tally)
    for client in range(50):
        tally.task_arrived(client, train_task(2))
        tally.task_ended(client, train_task(2), completed=True)
    written = shown(tally)
    assert "r-1 round 2" in written
    assert "50/200" in written
    columns = written.splitlines()[0].split()
    assert columns == ["clients", "enrolled", "connected", "waiting", "training", "done", "failed"]


def test_at_a_terminal_logs_go_to_a_file_and_a_refusal_is_raised(tmp_path, restored_logging):
    data = write_rows(tmp_path / "all.jsonl", [f"row {number}" for number in range(12)])
    options = FleetOptions(
        source=source(data, 3),
        state=tmp_path / "fleet",
        tokens=None,
        name="fleet",
        at_once=2,
        learning=LearningOptions(),
        at_terminal=True,
    )
    with pytest.raises(TokenInvalidError, match="3 clients of the fleet have no join token"):
        start_fleet(options)
    log = (tmp_path / "fleet" / "fleet.log").read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["event"] for line in lines] == ["data_read", "agent_failed"]
    assert lines[-1]["reason"] == "TOKEN_INVALID"


def test_tokens_are_read_one_a_line(tmp_path):
    file = tmp_path / "tokens.txt"
    file.write_text("pfi1_a\n\n  pfi1_b \n")
    assert read_tokens(file) == ["pfi1_a", "pfi1_b"]
    assert read_tokens(None) == []
    with pytest.raises(TokenInvalidError, match="cannot be read"):
        read_tokens(tmp_path / "absent.txt")
