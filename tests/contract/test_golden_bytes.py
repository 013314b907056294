"""Bytes on the wire and on disk stay what they were: examples are compared and parsed back."""

import json
from datetime import datetime

import pytest
from cryptography import x509
from google.protobuf import json_format, message_factory
from tests.contract.golden_messages import (
    FOLDER,
    as_json,
    encoded,
    enum_values,
    message_types,
    proto_files,
)
from tests.contract.golden_values import FILE as VALUES_FILE
from tests.contract.golden_values import VALUES
from tests.support.clock import ManualClock

from pfi.aggregator.v1.ticket_pb2 import UpdateReceipt
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_common.identity.signing import StatementVerifier

PACKAGES = sorted({file.package for file in proto_files()})


def stored(package: str) -> dict:
    return json.loads((FOLDER / f"{package}.json").read_text())


def stored_examples() -> list:
    return [
        pytest.param(name, example, id=f"{name}-{number}")
        for package in PACKAGES
        for name, listed in stored(package)["messages"].items()
        for number, example in enumerate(listed)
    ]


@pytest.mark.parametrize(("name", "example"), stored_examples())
def test_an_example_is_written_and_read_as_ever(name, example):
    kind = message_factory.GetMessageClass(message_types()[name])
    written = json_format.ParseDict(example["fields"], kind())
    assert encoded(written) == example["hex"]
    read = kind.FromString(bytes.fromhex(example["hex"]))
    assert as_json(read) == example["fields"]


def test_every_message_has_examples():
    named = {name for package in PACKAGES for name in stored(package)["messages"]}
    assert named == set(message_types())


@pytest.mark.parametrize("name", message_types())
def test_every_field_is_set_in_an_example(name):
    kind = message_types()[name]
    seen = {
        field
        for example in stored(kind.file.package)["messages"][name]
        for field in example["fields"]
    }
    assert seen == {field.name for field in kind.fields}


@pytest.mark.parametrize("package", PACKAGES)
def test_enum_numbers_stay(package):
    present = {n: v for n, v in enum_values().items() if n.rpartition(".")[0] == package}
    assert stored(package)["enums"] == present


@pytest.mark.parametrize("name", VALUES)
def test_a_value_is_made_as_ever(name):
    assert json.loads(VALUES_FILE.read_text())[name] == VALUES[name]()


def test_every_golden_value_is_still_made():
    assert set(json.loads(VALUES_FILE.read_text())) == set(VALUES)


def test_a_stored_receipt_still_verifies():
    stored_receipt = json.loads((FOLDER / "receipt.json").read_text())
    authority = x509.load_pem_x509_certificate(stored_receipt["authority_pem"].encode())
    clock = ManualClock(datetime.fromisoformat(stored_receipt["signed_at"]))
    statement = SignedStatement.FromString(bytes.fromhex(stored_receipt["statement"]))
    verifier = StatementVerifier(authority, "golden", clock)
    receipt = verifier.verify(statement, UpdateReceipt, signer="aggregator/spool-0")
    assert as_json(receipt) == stored_receipt["receipt"]
