"""The network between coordinator and aggregator is cut for a while."""

import json
import subprocess
import time

import pytest
from tests.support.faults.committed_files import committed_in
from tests.support.faults.cut_link import CutLink
from tests.support.faults.logs import read_events, wait_for_event
from tests.support.faults.proxy import FaultProxy

from pfi_cli.local.layout import SPOOL_NAME
from pfi_cli.local.programs import program_path

pytestmark = [pytest.mark.faults, pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

CUT_SECONDS = 10.0
NAMES = ("ada", "bob")


@pytest.fixture
def link(federation):
    """The way to the aggregator leads through a cable, for everybody."""
    with CutLink() as cable, FaultProxy(federation.endpoints["aggregator"], cable.listener):
        let_in_at(federation, cable.host)
        lead(federation, aggregators=json.dumps({SPOOL_NAME: cable.address}))
        yield cable
        cable.mend()
        lead(federation)


def let_in_at(federation, host):
    """Gives the aggregator a certificate for one more address."""
    layout = federation.layout
    hosts = [word for name in (host, "localhost", "127.0.0.1") for word in ("--host", name)]
    federation.stop("aggregator")
    subprocess.run(
        [program_path("pfi-coordinator"), "issue-service", "--state", layout.coordinator,
         "--service", f"aggregator/{SPOOL_NAME}", "--out", layout.aggregator / "identity", *hosts],
        check=True,
    )  # fmt: skip
    federation.start("aggregator")


def lead(federation, **settings):
    """Starts the coordinator with these settings; agents learn of them with their sessions."""
    logs = [federation.agents[name].log for name in NAMES]
    sessions = [len(read_events(log, "agent_ready")) for log in logs]
    federation.configure("coordinator", **settings)
    federation.restart("coordinator")
    for log, before in zip(logs, sessions, strict=True):
        wait_for_event(log, "agent_ready", before + 1)


def test_the_aggregator_is_cut_off_for_ten_seconds(federation, spec, link):
    federation.hold_training(*NAMES)
    run = federation.begin(spec(cohort={"size": 2, "deadline": "10m"}))
    tasks = {name: federation.wait_until_training(run, name) for name in NAMES}
    assert link.passes()
    link.cut()
    federation.release_training(*NAMES)
    time.sleep(CUT_SECONDS)  # that is the fault
    assert not link.passes()
    assert not committed_in(federation.layout.spool, run, 1)
    link.mend()
    federation.finish(run)
    for name, task in tasks.items():
        assert len(read_events(federation.agents[name].log, "task_started", task=task)) == 1
