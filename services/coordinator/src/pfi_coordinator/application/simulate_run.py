"""Simulates a run: from its specification to a simulation of it."""

from dataclasses import dataclass, replace

from pfi_common.errors import SpecUnsoundError
from pfi_common.spec import (
    Description,
    DualAdapter,
    RunSpec,
    UpdateSimilarity,
    download_encoding,
    run_facts,
    upload_encoding,
)
from pfi_common.tensors import FP32, encoded_size_bytes
from pfi_coordinator.application.demands_of import demands_but_memory
from pfi_coordinator.application.submit_run import rules_of
from pfi_coordinator.domain.retrying import RetryPauses
from pfi_coordinator.domain.rules import RunRules
from pfi_coordinator.domain.simulation.assumptions import Assumptions, Scenario, Work
from pfi_coordinator.domain.simulation.simulation import Simulation

_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wants simulated.

    Attributes:
        spec: The run.
        description: Of its adapter; None when its size is only assumed.
        coordinates: Numbers in the adapter, when there is no description.
        assumptions: About devices, services and learning.
        scenario: Clients, seed and times.
    """

    spec: RunSpec
    description: Description | None
    coordinates: int
    assumptions: Assumptions
    scenario: Scenario


def prepare_simulation(asked: Asked) -> Simulation:
    """Makes a simulation of a run.

    Raises:
        SpecUnsoundError: No round could ever be published, or the run forms clusters.
        SchemaMismatchError: The description is of another adapter.
    """
    rules = rules_of(asked.spec, _PATIENCE_SECONDS, RetryPauses())
    rules = replace(rules, demands=demands_but_memory(asked.spec))  # of memory all have enough
    _require_possible(asked, rules)
    work = replace(work_of(asked), keeps_history=rules.selection.needs_history)
    return Simulation(rules, work, asked.assumptions, asked.scenario)


def work_of(asked: Asked) -> Work:
    """Gives what the run asks of a client and of the aggregator.

    Training takes steps * batch_size * gradient_accumulation rows of maximum_tokens tokens, on the
    shared and on the personal adapter; rows are taken to be as long as the run lets them be.

    Raises:
        SchemaMismatchError: The description is of another adapter.
    """
    spec = asked.spec
    local, personal = spec.local, spec.personalize
    steps = local.steps + (personal.steps if isinstance(personal, DualAdapter) else 0)
    tokens = float(steps * local.batch_size * local.gradient_accumulation * local.maximum_tokens)
    share = asked.assumptions.devices.training.evaluation_share
    work = Work(
        coordinates=asked.coordinates,
        download_bytes=encoded_size_bytes(download_encoding(spec) or FP32, asked.coordinates),
        upload_bytes=encoded_size_bytes(upload_encoding(spec), asked.coordinates),
        train_tokens=tokens * (1.0 + share),
        evaluate_tokens=tokens * share,
        robust=spec.aggregate.rule != "mean",
    )
    if asked.description is None:
        return work
    facts = run_facts(spec, asked.description)
    return replace(
        work,
        coordinates=facts.coordinate_count,
        download_bytes=facts.download_bytes_per_client,
        upload_bytes=facts.upload_bytes_per_client,
    )


def _require_possible(asked: Asked, rules: RunRules) -> None:
    clients = asked.scenario.clients
    if clients < rules.minimum:
        raise SpecUnsoundError(
            f"cohort.minimum {rules.minimum} with {clients} clients: no round could ever be "
            "published. Simulate more clients, or lower cohort.minimum and size."
        )
    if isinstance(asked.spec.cluster, UpdateSimilarity):
        raise SpecUnsoundError(
            "cluster.method update_similarity: which clients are alike follows from their rows, "
            "and a simulation has none. Simulate the run of one cluster: cluster.method none, with "
            "the cohort and the clients of one line."
        )
