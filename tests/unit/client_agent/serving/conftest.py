import numpy as np
import pytest
import torch
from tests.support.client_agent.serving import ChatBackbone, random_adapter, write_chat_backbone

from pfi_client_agent.adapters.learning.backbone import load_backbone


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def chat_backbone(tmp_path_factory) -> ChatBackbone:
    return write_chat_backbone(tmp_path_factory.mktemp("chat"))


@pytest.fixture
def loaded(chat_backbone):
    return load_backbone(chat_backbone.folder, chat_backbone.reference.digest)


@pytest.fixture
def adapter(chat_backbone):
    def make(seed=1, rank=4, scale=0.3):
        return random_adapter(chat_backbone.schema(rank=rank), seed, scale)

    return make


def logits(model):
    ids = torch.tensor([[5, 9, 33, 71, 2, 8]])
    with torch.no_grad():
        return model(input_ids=ids).logits.numpy().astype(np.float64)
