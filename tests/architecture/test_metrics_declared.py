"""The metric objects of every service are those of `observability/metrics.yaml`."""

import enum
import importlib
import re
from collections.abc import Mapping

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from tests.architecture.tree import REPOSITORY

DECLARED = yaml.safe_load((REPOSITORY / "observability" / "metrics.yaml").read_text())
CLASSES = {
    "coordinator": "pfi_coordinator.metrics.CoordinatorMetrics",
    "aggregator": "pfi_aggregator.metrics.AggregatorMetrics",
    "rag": "pfi_rag.metrics.RagMetrics",
}
FORBIDDEN_LABELS = {"client", "caller", "task", "run", "display_name"}


def resolve(dotted: str) -> object:
    module, _, name = dotted.rpartition(".")
    return getattr(importlib.import_module(module), name)


def objects(service: str) -> dict[str, MetricWrapperBase]:
    """The metric objects that a service makes, by the name that is scraped."""
    registry = CollectorRegistry()
    make = resolve(CLASSES[service])
    made = make(registry)
    assert made is not None
    return {scraped_name(item): item for item in registry._collector_to_names}


def scraped_name(item: MetricWrapperBase) -> str:
    return f"{item._name}_total" if item._type == "counter" else item._name


def entries(service: str) -> dict[str, dict]:
    return {entry["name"]: entry for entry in DECLARED[service]}


def all_entries() -> list[tuple[str, dict]]:
    return [(service, entry) for service, listed in DECLARED.items() for entry in listed]


def names(pair: tuple[str, dict]) -> str:
    return pair[1]["name"]


def test_every_service_with_metrics_is_declared():
    assert set(DECLARED) == set(CLASSES)


@pytest.mark.parametrize("service", sorted(CLASSES))
def test_declared_and_made_are_the_same(service):
    made = {
        name: (item._type, item._documentation, sorted(item._labelnames))
        for name, item in objects(service).items()
    }
    declared = {
        name: (entry["type"], entry["help"], sorted(entry.get("labels") or {}))
        for name, entry in entries(service).items()
    }
    assert made == declared


@pytest.mark.parametrize("pair", all_entries(), ids=lambda pair: pair[1]["name"])
def test_names_follow_the_rule(pair):
    service, entry = pair
    assert re.fullmatch(rf"pfi_{service}(_[a-z0-9]+)+", entry["name"])
    assert entry["name"].endswith("_total") == (entry["type"] == "counter")
    assert entry["help"].endswith(".")


@pytest.mark.parametrize("pair", all_entries(), ids=lambda pair: pair[1]["name"])
def test_labels_are_closed(pair):
    labels = pair[1].get("labels") or {}
    assert not FORBIDDEN_LABELS & set(labels)
    for values in labels.values():
        assert closed(values), f"{values} closes nothing"


def closed(values: object) -> bool:
    """True for a list of values, and for the path of an enum or a table."""
    if isinstance(values, list):
        return bool(values) and all(isinstance(value, str) for value in values)
    found = resolve(str(values))
    return isinstance(found, enum.EnumMeta | Mapping | frozenset | tuple) and bool(found)


def test_names_are_unique():
    listed = [entry["name"] for _, entry in all_entries()]
    assert sorted(set(listed)) == sorted(listed)
