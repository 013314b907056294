import pytest
from tests.support.client_agent.backbones import write_backbone


@pytest.fixture(scope="session")
def backbone_folder(tmp_path_factory):
    """A tiny Qwen2 with untied embeddings."""
    return write_backbone(tmp_path_factory.mktemp("backbone"))
