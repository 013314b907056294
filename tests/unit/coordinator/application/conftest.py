import pytest
from tests.support.coordinator.graph import Graph


@pytest.fixture
def graph(tmp_path) -> Graph:
    return Graph(tmp_path)
