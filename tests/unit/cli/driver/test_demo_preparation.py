import json

import pytest

from pfi_cli.demo.driver.client_files import prepare_data
from pfi_cli.demo.driver.demo_folder import fresh_folder
from pfi_cli.demo.driver.demo_spec import demo_spec, write_spec
from pfi_cli.demo.driver.options import DemoOptions, client_count
from pfi_cli.demo.driver.own_data import split_file
from pfi_cli.local.federation_file import FederationFile, RecordedProcess, write_federation
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.process_record import ProcessRecord
from pfi_common.errors import (
    DataUnreadableError,
    InvalidRequestError,
    LocalFederationFailedError,
)
from pfi_common.spec import load_run_spec, parse_run_spec


def options(tmp_path, **changes):
    values = {"clients": 2, "rounds": 3, "data": (), "state": tmp_path / "demo", "keep": False}
    return DemoOptions(**(values | changes))


def test_rows_are_dealt_out_evenly(tmp_path):
    source = tmp_path / "notes.jsonl"
    source.write_text("\ufeff" + "\n\n".join(json.dumps({"text": n}) for n in range(5)) + "\n")
    first, second = split_file(source, 2, tmp_path / "data")
    assert [json.loads(line)["text"] for line in first.read_text().splitlines()] == [0, 2, 4]
    assert [json.loads(line)["text"] for line in second.read_text().splitlines()] == [1, 3]


def test_paragraphs_are_dealt_out_whole(tmp_path):
    source = tmp_path / "notes.TXT"
    source.write_text("one\nmore\n\n\ntwo\n \nthree\n")
    first, second = split_file(source, 2, tmp_path / "data")
    assert first.read_text() == "one\nmore\n\nthree\n"
    assert second.read_text() == "two\n"


@pytest.mark.parametrize(
    ("name", "contents", "sentence"),
    [
        ("a.jsonl", b'{"text": 1}\n', "1 rows for 2 clients"),
        ("a.jsonl", b"\xff\xfe", "cannot be read"),
        ("a.csv", b"a,b\nc,d\n", "neither .jsonl nor .txt"),
    ],
)
def test_a_file_that_cannot_be_split_is_refused(tmp_path, name, contents, sentence):
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(DataUnreadableError, match=sentence):
        split_file(tmp_path / name, 2, tmp_path / "data")


def test_each_client_of_the_demo_has_rows_of_its_own(tmp_path):
    files = prepare_data(options(tmp_path), tmp_path / "data")
    assert len({file.name for file in files}) == 2
    rows = [set(file.data.read_text().splitlines()) for file in files]
    assert all(len(each) >= 100 for each in rows)
    assert not rows[0] & rows[1]


def test_a_file_for_each_client_is_used_as_it_is(tmp_path):
    sources = [tmp_path / "a.jsonl", tmp_path / "b.txt"]
    for source in sources:
        source.write_text("x")
    files = prepare_data(options(tmp_path, data=sources), tmp_path / "data")
    assert [file.data for file in files] == sources
    assert [file.name for file in files] == ["client-0", "client-1"]


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataUnreadableError, match=r"none\.jsonl"):
        prepare_data(options(tmp_path, data=[tmp_path / "none.jsonl"]), tmp_path / "data")


def test_there_is_demo_data_for_so_many_clients_only(tmp_path):
    with pytest.raises(InvalidRequestError, match="--data"):
        prepare_data(options(tmp_path, clients=99), tmp_path / "data")


@pytest.mark.parametrize(
    ("asked", "files", "count"), [(None, 0, 4), (3, 0, 3), (None, 1, 4), (3, 1, 3), (None, 3, 3)]
)
def test_several_files_decide_how_many_clients_there_are(tmp_path, asked, files, count):
    assert client_count(asked, [tmp_path] * files) == count


def test_files_and_clients_that_contradict_each_other_are_refused(tmp_path):
    with pytest.raises(InvalidRequestError, match="--clients 2"):
        client_count(2, [tmp_path] * 3)


def test_the_specification_is_valid_and_says_what_was_asked(tmp_path):
    spec = parse_run_spec(demo_spec(options(tmp_path)))
    assert (spec.cohort.size, spec.stop.rounds) == (2, 3)
    assert spec.personalize.method == "dual_adapter"
    assert load_run_spec(write_spec(options(tmp_path), tmp_path)) == spec


def test_an_earlier_demo_is_deleted(tmp_path):
    layout = fresh_folder(tmp_path / "demo")
    write_federation(layout, FederationFile(name="demo", demo=True))
    (layout.root / "old").write_text("x")
    assert list(fresh_folder(layout.root).root.iterdir()) == []


@pytest.mark.parametrize("name", ["notes.txt", "federation.json"])
def test_nothing_else_is_ever_deleted(tmp_path, name):
    (tmp_path / name).write_text(FederationFile(name="mine").model_dump_json())
    with pytest.raises(LocalFederationFailedError, match="--state"):
        fresh_folder(tmp_path)
    assert (tmp_path / name).exists()


def test_a_demo_that_runs_is_not_deleted(tmp_path):
    import os

    this = ProcessRecord.of(os.getpid())
    assert this is not None
    supervisor = RecordedProcess(pid=this.pid, start=this.start)
    layout = StateLayout(tmp_path)
    write_federation(layout, FederationFile(name="demo", demo=True, supervisor=supervisor))
    with pytest.raises(LocalFederationFailedError, match="pfi down"):
        fresh_folder(tmp_path)
