"""The least cosine of evidence keeps passages that answer, and leaves out most that do not."""

import re

import numpy as np
import pytest
from tests.architecture.tree import REPOSITORY
from tests.support.rag.model import installed_models

from pfi_rag.adapters.embeddings import OnnxEmbedder, load_embedder
from pfi_rag.domain.evidence import COSINE_THRESHOLD

ANSWERED = [
    ("The car would not start because its battery froze overnight.", "vehicle failure in winter"),
    ("She baked two loaves of rye bread before dawn.", "who made pastries early morning"),
    (
        "Our refund policy allows returns within thirty days of purchase.",
        "how long can I send an item back for my money",
    ),
    (
        "The physician prescribed antibiotics for the infection.",
        "what medicine did the doctor give",
    ),
    ("Employees accrue twenty days of annual leave each year.", "vacation time of staff"),
    ("The server crashed after running out of memory.", "why did the machine go down"),
    ("Payments are due by the fifth of every month.", "deadline for settling the bill"),
    ("The museum closes at six on weekdays.", "until when may visitors see the exhibition"),
    ("Our headquarters moved from Hamburg to Lisbon.", "where is the main office located now"),
    (
        "Patients must not eat for eight hours before the surgery.",
        "fasting rules prior to an operation",
    ),
    (
        "The contract may be terminated with three months' notice.",
        "how can I cancel the agreement",
    ),
    ("Children under twelve ride the tram free of charge.", "do kids pay for public transport"),
    ("The recipe calls for three eggs and a cup of sugar.", "ingredients needed for the cake"),
    ("Lightning struck the old oak beside the barn.", "storm damage to a tree on the farm"),
    ("He was promoted to head of engineering.", "new leader of the technical department"),
    ("The river flooded the lower fields in April.", "which land went under water"),
    ("Backups run nightly and are kept for ninety days.", "how often are copies saved"),
    ("The dog barked until the postman left.", "noisy pet during mail delivery"),
    ("The bridge is shut to lorries over ten tonnes.", "are heavy trucks permitted to cross"),
    ("Wine pairs well with the aged cheese.", "what drink goes with the dairy course"),
]


@pytest.fixture(scope="module")
def embedder() -> OnnxEmbedder:
    loaded = load_embedder(installed_models())
    assert loaded is not None
    return loaded


def elsewhere() -> list[str]:
    """Passages about other things: the decisions of this repository."""
    texts = [path.read_text() for path in sorted((REPOSITORY / "docs" / "adr").glob("00*.md"))]
    parts = [re.sub(r"\s+", " ", part).strip() for text in texts for part in text.split("\n\n")]
    return [part for part in parts if len(part) > 80]


@pytest.mark.slow
def test_the_threshold_tells_answers_from_other_things(embedder: OnnxEmbedder) -> None:
    queries = np.stack([embedder.embed_query(query) for _, query in ANSWERED])
    answers = embedder.embed_passages([passage for passage, _ in ANSWERED])
    others = embedder.embed_passages(elsewhere())
    kept = np.mean((queries * answers).sum(axis=1) >= COSINE_THRESHOLD)
    offered = np.mean((queries @ others.T).max(axis=1) >= COSINE_THRESHOLD)
    assert kept >= 0.85
    assert offered <= 0.25
