"""What the services of a local federation are started with."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pfi_cli.local.layout import SPOOL_NAME, StateLayout
from pfi_cli.local.scale import Scale

ANY_PORT = "127.0.0.1:0"
DRAIN_SECONDS = "5"  # on one machine nobody gains from waiting longer

Settings = dict[str, str]


@dataclass(frozen=True)
class ServicePlan:
    """How to run one service.

    Attributes:
        name: Name for people, for its log and for its endpoints file.
        program: Console script.
        command: Its subcommand.
        endpoints: Our name of each endpoint by the name in the service's endpoints file.
        settings: Environment variables, given the addresses that are known by now; an address that
            is not known yet is port 0, and the service chooses.
        ready_url: Where the service says that it can work, given the addresses.
    """

    name: str
    program: str
    command: str
    endpoints: Mapping[str, str]
    settings: Callable[[Mapping[str, str]], Settings]
    ready_url: Callable[[Mapping[str, str]], str]


def service_plans(layout: StateLayout, redis_url: str, scale: Scale) -> tuple[ServicePlan, ...]:
    """The services in the order in which they start; the coordinator has to know aggregators."""
    aggregators = [
        _aggregator(layout, redis_url, spool, name) for spool, name in scale.spools.items()
    ]
    workers = [_worker(layout, redis_url, scale, name) for name in scale.worker_names]
    coordinators = [
        _coordinator(layout, redis_url, scale, number) for number in range(scale.coordinators)
    ]
    return (*aggregators, *workers, *coordinators)


def coordinator_settings(
    layout: StateLayout, redis_url: str, known: Mapping[str, str], scale: Scale
) -> Settings:
    """Settings of every subcommand of the coordinator's program, once aggregators are known."""
    aggregators = {spool: known[name] for spool, name in scale.spools.items()}
    return {
        "PFI_COORDINATOR_AGGREGATORS": json.dumps(aggregators),
        "PFI_COORDINATOR_STATE": str(layout.coordinator.resolve()),
        "PFI_COORDINATOR_REDIS_URL": redis_url,
        "PFI_COORDINATOR_ARTIFACTS_URL": layout.artifacts_url,
        "PFI_COORDINATOR_ADVERTISED_HOST": "127.0.0.1",
    }


def _coordinator(layout: StateLayout, redis_url: str, scale: Scale, number: int) -> ServicePlan:
    """One replica; all of them share the folder of the authority and of their one identity."""
    name = scale.coordinator_names[number]
    ports = ("enrolment", "session", "admin")
    ours = {port: port if number == 0 else f"{name}_{port}" for port in ports}

    def settings(known: Mapping[str, str]) -> Settings:
        addresses = {
            f"PFI_COORDINATOR_{port.upper()}_ADDRESS": known.get(ours[port], ANY_PORT)
            for port in ports
        }
        return {
            **coordinator_settings(layout, redis_url, known, scale),
            **addresses,
            "PFI_COORDINATOR_REPLICA": f"coordinator-{number}",
            "PFI_COORDINATOR_DRAIN_SECONDS": DRAIN_SECONDS,
            "PFI_COORDINATOR_ENDPOINTS_FILE": str(layout.endpoints(name).resolve()),
        }

    return ServicePlan(
        name=name,
        program="pfi-coordinator",
        command="serve",
        endpoints=ours,
        settings=settings,
        ready_url=lambda known: f"https://{known[ours['admin']]}/readyz",
    )


def _aggregator_settings(layout: StateLayout, redis_url: str, spool: str) -> Settings:
    return {
        "PFI_AGGREGATOR_STATE": str(layout.aggregator_of(spool).resolve()),
        "PFI_AGGREGATOR_SPOOL": str(layout.spool_of(spool).resolve()),
        "PFI_AGGREGATOR_SPOOL_NAME": spool,
        "PFI_AGGREGATOR_ARTIFACTS_URL": layout.artifacts_url,
        "PFI_AGGREGATOR_REDIS_URL": redis_url,
    }


def _aggregator(layout: StateLayout, redis_url: str, spool: str, name: str) -> ServicePlan:
    operations = f"{name}_operations"

    def settings(known: Mapping[str, str]) -> Settings:
        return {
            **_aggregator_settings(layout, redis_url, spool),
            "PFI_AGGREGATOR_ADDRESS": known.get(name, ANY_PORT),
            "PFI_AGGREGATOR_OPERATIONS_ADDRESS": known.get(operations, ANY_PORT),
            "PFI_AGGREGATOR_ENDPOINTS_FILE": str(layout.endpoints(name).resolve()),
            "PFI_AGGREGATOR_DRAIN_SECONDS": DRAIN_SECONDS,
        }

    return ServicePlan(
        name=name,
        program="pfi-aggregator",
        command="serve",
        endpoints={"aggregator": name, "operations": operations},
        settings=settings,
        ready_url=lambda known: f"http://{known[operations]}/readyz",
    )


def _worker(layout: StateLayout, redis_url: str, scale: Scale, name: str) -> ServicePlan:
    operations = f"{name}_operations"

    def settings(known: Mapping[str, str]) -> Settings:
        return {
            **_aggregator_settings(layout, redis_url, SPOOL_NAME),
            "PFI_AGGREGATOR_WORKER_SPOOLS": json.dumps(_folders(layout, scale)),
            "PFI_AGGREGATOR_BROKER_URL": redis_url.replace("unix://", "redis+socket://", 1),
            "PFI_AGGREGATOR_OPERATIONS_ADDRESS": known.get(operations, ANY_PORT),
            "PFI_AGGREGATOR_ENDPOINTS_FILE": str(layout.endpoints(name).resolve()),
        }

    return ServicePlan(
        name=name,
        program="pfi-aggregator",
        command="worker",
        endpoints={"operations": operations},
        settings=settings,
        ready_url=lambda known: f"http://{known[operations]}/readyz",
    )


def _folders(layout: StateLayout, scale: Scale) -> dict[str, dict[str, str]]:
    """What every worker reads: the spools, and the keys in the folders of their aggregators."""
    return {
        spool: {
            "spool": str(layout.spool_of(spool).resolve()),
            "state": str(layout.aggregator_of(spool).resolve()),
        }
        for spool in scale.spools
    }
