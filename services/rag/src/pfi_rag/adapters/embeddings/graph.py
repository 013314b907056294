"""Builds the ONNX graph of MiniLM from its weights, without torch.

BERT as in Devlin et al. 2019 ("BERT: Pre-training of Deep Bidirectional Transformers"), with the
mean over tokens and the scaling to length 1 that Sentence-BERT adds (Reimers and Gurevych 2019,
section 3) inside the graph: ids and mask go in, vectors come out.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from pfi_rag.adapters.embeddings.pins import (
    DIMENSIONS,
    HEADS,
    LAYERS,
    NORM_EPSILON,
    POOL_EPSILON,
)

_OPSET = 20
_IR_VERSION = 9
_HEAD = DIMENSIONS // HEADS
_MASKED = -1e9
_BATCH, _TOKENS = "batch", "tokens"

Weights = Mapping[str, NDArray[np.float32]]


class _Graph:
    """Collects nodes and constants; each method gives the name of what it computes."""

    def __init__(self, weights: Weights) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self._weights = weights

    def add(self, operation: str, *inputs: str, **attributes: object) -> str:
        """Adds a node."""
        name = f"{operation.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, list(inputs), [name], **attributes))
        return name

    def constant(self, values: object, kind: type[np.generic] = np.int64) -> str:
        """Adds a small constant."""
        array = np.asarray(values, dtype=kind)
        name = f"constant_{array.dtype}_{'_'.join(map(str, array.reshape(-1)))}_{array.ndim}"
        self.constants[name] = numpy_helper.from_array(array, name)
        return name

    def weight(self, name: str, *, transposed: bool = False) -> str:
        """Adds one of the model's weights."""
        array = np.asarray(self._weights[name], dtype=np.float32)
        self.constants[name] = numpy_helper.from_array(
            np.ascontiguousarray(array.T if transposed else array), name
        )
        return name

    def linear(self, data: str, name: str) -> str:
        """Adds x W^T + b."""
        weight = self.weight(f"{name}.weight", transposed=True)
        return self.add("Add", self.add("MatMul", data, weight), self.weight(f"{name}.bias"))

    def norm(self, data: str, name: str) -> str:
        """Adds layer normalisation over the last axis."""
        scale, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.add("LayerNormalization", data, scale, bias, axis=-1, epsilon=NORM_EPSILON)


def build_graph(weights: Weights) -> onnx.ModelProto:
    """Makes the graph.

    Inputs `ids` and `mask`, both int64 of shape (batch, tokens); output `vectors`, float32 of shape
    (batch, 384), each of length 1.

    Args:
        weights: Tensors of the model by the names that Transformers gives them.

    Raises:
        KeyError: A tensor is missing.
    """
    graph = _Graph(weights)
    hidden = _embeddings(graph)
    bias = _mask_bias(graph)
    for layer in range(LAYERS):
        hidden = _layer(graph, hidden, bias, f"encoder.layer.{layer}")
    graph.nodes.append(helper.make_node("Identity", [_pool(graph, hidden)], ["vectors"]))
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, [_BATCH, _TOKENS])
        for name in ("ids", "mask")
    ]
    output = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, [_BATCH, DIMENSIONS])
    made = helper.make_graph(
        graph.nodes, "minilm", inputs, [output], list(graph.constants.values())
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = _IR_VERSION
    return model


def _embeddings(graph: _Graph) -> str:
    """Word, position and type embeddings, summed and normalised. Shape: (batch, tokens, d)."""
    words = graph.add("Gather", graph.weight("embeddings.word_embeddings.weight"), "ids")
    length = graph.add("Gather", graph.add("Shape", "ids"), graph.constant([1]))
    table = graph.weight("embeddings.position_embeddings.weight")
    positions = graph.add("Slice", table, graph.constant([0]), length, graph.constant([0]))
    types = graph.weight("embeddings.token_type_embeddings.weight")
    first_type = graph.add("Gather", types, graph.constant([0]))
    summed = graph.add("Add", graph.add("Add", words, first_type), positions)
    return graph.norm(summed, "embeddings.LayerNorm")


def _mask_bias(graph: _Graph) -> str:
    """0 for tokens, a very negative number for padding. Shape: (batch, 1, 1, tokens)."""
    mask = graph.add("Cast", "mask", to=TensorProto.FLOAT)
    wide = graph.add("Unsqueeze", mask, graph.constant([1, 2]))
    missing = graph.add("Sub", graph.constant(1.0, np.float32), wide)
    return graph.add("Mul", missing, graph.constant(_MASKED, np.float32))


def _layer(graph: _Graph, hidden: str, bias: str, name: str) -> str:
    attended = _attention(graph, hidden, bias, f"{name}.attention.self")
    projected = graph.linear(attended, f"{name}.attention.output.dense")
    first = graph.norm(graph.add("Add", projected, hidden), f"{name}.attention.output.LayerNorm")
    inner = graph.add("Gelu", graph.linear(first, f"{name}.intermediate.dense"))
    outer = graph.linear(inner, f"{name}.output.dense")
    return graph.norm(graph.add("Add", outer, first), f"{name}.output.LayerNorm")


def _attention(graph: _Graph, hidden: str, bias: str, name: str) -> str:
    """Multi-head attention before its output projection. Shape: (batch, tokens, d)."""
    query, value = (_heads(graph, hidden, f"{name}.{part}") for part in ("query", "value"))
    key = _heads(graph, hidden, f"{name}.key", order=[0, 2, 3, 1])
    scale = graph.constant(1.0 / np.sqrt(_HEAD), np.float32)
    scores = graph.add("Mul", graph.add("MatMul", query, key), scale)
    shares = graph.add("Softmax", graph.add("Add", scores, bias), axis=-1)
    together = graph.add("Transpose", graph.add("MatMul", shares, value), perm=[0, 2, 1, 3])
    return graph.add("Reshape", together, graph.constant([0, 0, DIMENSIONS]))


def _heads(graph: _Graph, hidden: str, name: str, order: list[int] | None = None) -> str:
    split = graph.constant([0, 0, HEADS, _HEAD])
    parts = graph.add("Reshape", graph.linear(hidden, name), split)
    return graph.add("Transpose", parts, perm=order or [0, 2, 1, 3])


def _pool(graph: _Graph, hidden: str) -> str:
    """Mean over the tokens that are no padding, scaled to length 1. Shape: (batch, d)."""
    mask = graph.add("Cast", "mask", to=TensorProto.FLOAT)
    wide = graph.add("Unsqueeze", mask, graph.constant([2]))
    tokens = graph.constant([1])
    total = graph.add("ReduceSum", graph.add("Mul", hidden, wide), tokens, keepdims=0)
    count = graph.add("ReduceSum", wide, tokens, keepdims=0)
    floor = graph.constant(POOL_EPSILON, np.float32)
    mean = graph.add("Div", total, graph.add("Max", count, floor))
    length = graph.add("ReduceL2", mean, tokens, keepdims=1)
    return graph.add("Div", mean, graph.add("Max", length, floor))
