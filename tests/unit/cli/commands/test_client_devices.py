"""What is shown of a client's device, and of the memory that training takes."""

import json
import re

from tests.support.cli.commands import pfi

from pfi_cli.output.memory import memory_sentence
from pfi_common.errors import ClientUnknownError

CLIENT = {
    "client": "c-00000000000a",
    "display_name": "ada",
    "state": "active",
    "connected": True,
    "training_rows": 90,
    "agent_version": "0.1.0",
}
DEVICE = {
    "has_battery": True,
    "battery_percent": 65,
    "charging": False,
    "metered": None,
    "idle": True,
    "memory_bytes": 3_500_000_000,
    "element_bytes": 4,
}


def test_a_client_is_shown_with_what_its_device_said(scripted):
    scripted.on("GET", "/v1/clients", {"clients": [CLIENT | {"device": DEVICE}]})
    shown = pfi("client", "show", "c-00000000000a").stdout
    lines = dict(re.split(r" {2,}", line.strip(), maxsplit=1) for line in shown.splitlines())
    assert lines["battery"] == "65 %"
    assert lines["charging"] == "no"
    assert lines["metered network"] == "not known"
    assert lines["idle"] == "yes"
    assert lines["memory for training"] == "3.5 GB float32"
    told = json.loads(pfi("client", "show", "c-00000000000a", "--json").stdout)
    assert told["device"] == DEVICE


def test_a_client_that_is_not_connected_says_nothing_of_its_device(scripted):
    scripted.on("GET", "/v1/clients", {"clients": [CLIENT]})
    assert "told while it is connected" in pfi("client", "show", "c-00000000000a").stdout
    unknown = pfi("client", "show", "c-00000000000b")
    assert isinstance(unknown.exception, ClientUnknownError)


def test_a_submission_states_how_much_memory_training_takes():
    facts = {"memory_float32_bytes": 1_240_000_000, "memory_bfloat16_bytes": 1_120_000_000}
    assert "about 1.24 GB of memory on a client (1.12 GB with bfloat16)" in memory_sentence(facts)
