import re
from pathlib import Path

import pytest
from tests.support.coordinator.graph import Graph

from pfi_coordinator.domain.scopes import Scope
from pfi_coordinator.entrypoints.rest.app import build_app

REFERENCE = Path(__file__).parents[4] / "docs" / "reference" / "rest.md"
ROW = re.compile(r"^\| `(GET|POST) (/[^`]*)` \| (?:`([a-z:]+)`|any key|none) \|", re.MULTILINE)


@pytest.fixture(scope="module")
def openapi(tmp_path_factory):
    return build_app(Graph(tmp_path_factory.mktemp("graph")).rest()).openapi()


def test_the_reference_lists_every_route_and_no_other(openapi):
    documented = {(method, path) for method, path, _ in ROW.findall(REFERENCE.read_text())}
    served = {(method.upper(), path) for path, item in openapi["paths"].items() for method in item}
    assert documented == served


def test_the_reference_names_every_scope():
    text = REFERENCE.read_text()
    assert {scope for _, _, scope in ROW.findall(text) if scope} == set(Scope)
    assert all(f"`{scope}`" in text for scope in Scope)


def test_the_reference_names_every_field_of_a_run(openapi):
    text = REFERENCE.read_text()
    schemas = openapi["components"]["schemas"]
    names = {"Run", "Round", "CohortMember", "Why", "EvaluationEntry", "RunVersion", "Client"}
    names |= {"ClusterLine", "Partition", "Cluster", "Clusters", "ClusterMember"}
    fields = {field for name in names for field in schemas[name]["properties"]}
    assert {field for field in fields if f"`{field}`" not in text} == set()


def test_routes_say_what_they_do(openapi):
    operations = [op for item in openapi["paths"].values() for op in item.values()]
    assert all(operation.get("description") for operation in operations)
