"""A run as people read it: plain values, ready to be written as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pfi_common.errors import error_for, problem_document
from pfi_common.spec import run_facts
from pfi_coordinator.application.clusters_view import (
    cluster_line_view,
    partition_view,
    rounds_published,
)
from pfi_coordinator.application.evaluation_view import display_name, evaluation_view
from pfi_coordinator.application.records import RunDocument, RunHistory, RunLine
from pfi_coordinator.domain.explain import explain
from pfi_coordinator.domain.members import Client
from pfi_coordinator.domain.pausing import shown_state
from pfi_coordinator.domain.state import AdapterVersion, Failure, RoundPhase, RoundState, RunState
from pfi_coordinator.domain.tasks import TaskRow

Rows = Mapping[str, TaskRow]
Clients = Mapping[str, Client]


def run_view(
    document: RunDocument,
    history: RunHistory,
    round_rows: Sequence[Rows],
    evaluation_rows: Mapping[str, Rows],
    clients: Clients,
) -> dict[str, Any]:
    """Gives the whole run.

    Args:
        document: What was submitted.
        history: Its state, attempts and versions.
        round_rows: Rows of each attempt, in the order of `history.rounds`.
        evaluation_rows: Rows of the closing evaluation, by line.
        clients: Registrations, for names.
    """
    facts = run_facts(document.spec, document.description)
    return {
        **line_view(RunLine(document.run, document.name, history.state, history.changes)),
        "why": _why(history.state),
        "unmet": {unmet.value: count for unmet, count in history.state.unmet},
        "error": _problem(history.state.failure),
        "spec": document.spec.model_dump(mode="json"),
        "backbone_digest": document.description.backbone_digest,
        "schema_digest": document.description.adapter_schema.digest,
        "fixed_point": {"fraction_bits": facts.fraction_bits, "resolution": facts.resolution},
        "rounds": [
            _round(item, rows, clients)
            for item, rows in zip(history.rounds, round_rows, strict=True)
        ],
        "evaluation": [
            entry
            for line, rows in evaluation_rows.items()
            for entry in evaluation_view(rows, clients, line)
        ],
        "adapters": [version_view(item) for item in history.adapters],
        "paused_since": _time(history.state.paused_since),
        "origin": None if document.origin is None else asdict(document.origin),
        "lines": [cluster_line_view(line) for line in history.state.lines],
        "partition": partition_view(history.state),
    }


def line_view(line: RunLine) -> dict[str, Any]:
    """Gives the run's line in a list."""
    state = line.state
    return {
        "run": line.run,
        "name": line.name,
        "state": shown_state(state),
        "revision": line.changes,
        "created_at": state.created_at.isoformat(),
        "ended_at": _time(state.ended_at),
        "rounds_published": rounds_published(state),
        "rounds_total": state.rules.rounds,
    }


def version_view(adapter: AdapterVersion) -> dict[str, Any]:
    """Gives a version in the run's list of versions."""
    return {
        "line": adapter.line,
        "version": adapter.version,
        "digest": adapter.digest,
        "lineage_digest": adapter.lineage_digest,
        "published_at": adapter.published_at.isoformat(),
        "left_out": adapter.left_out,
    }


def _why(state: RunState) -> dict[str, Any]:
    why = explain(state)
    return {
        "waiting_for": why.waiting_for,
        "since": why.since.isoformat(),
        "unblocks": why.unblocks,
        "next": why.next,
        "reason": why.reason.value,
        "due": _time(why.due),
    }


def _problem(failure: Failure | None) -> dict[str, Any] | None:
    return None if failure is None else problem_document(error_for(failure.reason, failure.message))


def _round(item: RoundState, rows: Rows, clients: Clients) -> dict[str, Any]:
    aborting = item.phase is RoundPhase.ABORTING
    return {
        "line": item.line,
        "round": item.number,
        "attempt": item.attempt,
        "state": RoundPhase.ABORTED.value if aborting else item.phase.value,
        "opened_at": _time(item.opened_at),
        "sealed_at": _time(item.sealed_at),
        "published_at": _time(item.published_at),
        "deadline": _time(item.deadline),
        "deadline_from": item.deadline_from or None,
        "replacements": sum(len(wave.clients) for wave in item.replacements),
        "spools": list(item.spools),
        "pieces": item.pieces,
        "pieces_done": item.pieces_done,
        "cohort": [_row(client, rows[client], clients) for client in sorted(rows)],
        "counted": item.counted,
        "merge_seconds": item.merge_seconds,
        "clipped": item.clipped,
        "capped": item.capped,
        "adapter_digest": item.adapter_digest,
    }


def _row(client: str, row: TaskRow, clients: Clients) -> dict[str, Any]:
    return {
        "client": client,
        "display_name": display_name(clients, client),
        "task": row.task,
        "state": row.state.value,
        "steps_done": row.steps_done,
        "steps_total": row.steps_total,
        "upload_encoding": row.upload_encoding or None,
        "device_class": row.device_class or None,
        "payload_bytes": row.payload_bytes,
        "metrics": dict(sorted(row.metrics.items())),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
