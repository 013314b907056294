"""The constructed start: attention begins as previous-token, topic-matching and copying heads.

Learning *which* fact is asked for is a late phase change when it starts from noise. So layer 0 is
built to write two summaries of the past next to each token (the previous token; the rare words of
the last few tokens), and the later layers to look for places whose summary matches, and to copy
from them. Everything is trained from there.
"""

import math
from collections import Counter
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase, Qwen2ForCausalLM

HEAD_SIZE = 32
ROPE_BASE = 1_000_000.0
_CONTENT = slice(0, 64)
_TOPIC = slice(32, 64)
_PREVIOUS = slice(64, 96)
_WINDOW = slice(96, 128)
_EMBEDDING_DEVIATION = 0.5
_NOISE_DEVIATION = 0.03
_WRITING_NOISE = 0.01
# Output and input share the embedding: large entries to be read from, small logits to start with.
_FINAL_GAIN = 0.1
# The first pairs of a head rotate quickly with the distance; only the slow ones can carry content.
_FAST_PAIRS = 6
# A token in more than this share of the lines is no topic.
_RARE_LOG_SHARE = 3.0


def measure_rarity(tokenizer: PreTrainedTokenizerBase, lines: Iterable[str]) -> Tensor:
    """Measure how much each token tells about the topic: 0 for "the", 1 for a name.

    Shapes: (vocabulary).
    """
    encoded = [set(tokenizer.encode(line)) for line in lines]
    counts = Counter(token for tokens in encoded for token in tokens)
    shares = [counts[token] / len(encoded) for token in range(len(tokenizer))]
    logs = [min(1.0, -math.log(share) / _RARE_LOG_SHARE) if share else 0.0 for share in shares]
    return torch.tensor(logs).square()


def construct(model: Qwen2ForCausalLM, rarity: Tensor) -> None:
    """Overwrite all weights with the constructed start; uses the global torch generator.

    Args:
        model: Has layers of width 128 with four heads.
        rarity: How much each token tells about the topic, from 0 to 1.
    """
    for name, parameter in model.named_parameters():
        if "norm" not in name:
            nn.init.normal_(parameter, std=_noise(name))
    embedding = model.model.embed_tokens.weight
    nn.init.normal_(embedding[:, _CONTENT], std=_EMBEDDING_DEVIATION)
    model.model.norm.weight.fill_(_FINAL_GAIN)
    first, *later = (layer.self_attn for layer in model.model.layers)
    embedding[:, _TOPIC] *= rarity[:, None]
    identity, topic = _projection(64), _projection(32)
    _look_back(first, 0, distance=1.0, sharpness=50.0)
    _write(first, 0, (_CONTENT, identity), _PREVIOUS, gain=0.5)
    for head, distance in ((1, 3.0), (2, 9.0)):
        _look_back(first, head, distance=distance, sharpness=8.0)
        _write(first, head, (_TOPIC, topic), _WINDOW, gain=0.8)
    for attention in later:
        _match(attention, 0, identity, _PREVIOUS)
        _match(attention, 1, None, _WINDOW, gain=2.5)
        _look_away(attention, 1)
        for head in (0, 1):
            _copy(attention, head, gain=1.5)


def _noise(name: str) -> float:
    if name.endswith("bias"):
        return 0.0
    writes = "o_proj" in name or "down_proj" in name
    return _WRITING_NOISE if writes else _NOISE_DEVIATION


def _rows(head: int) -> slice:
    return slice(head * HEAD_SIZE, (head + 1) * HEAD_SIZE)


def _projection(size: int) -> Tensor:
    """Draw a projection of so many entries to a head, with orthonormal rows."""
    return torch.linalg.qr(torch.randn(size, HEAD_SIZE)).Q.T


def _look_back(attention: nn.Module, head: int, *, distance: float, sharpness: float) -> None:
    """Make a head attend to a fixed distance through the biases of query and key alone."""
    pairs = torch.arange(HEAD_SIZE // 2)
    angles = distance * ROPE_BASE ** (-2 * pairs / HEAD_SIZE)
    size = math.sqrt(sharpness)
    attention.q_proj.bias[_rows(head)] = size * torch.cat([torch.ones(16), torch.zeros(16)])
    attention.k_proj.bias[_rows(head)] = size * torch.cat([angles.cos(), angles.sin()])


def _look_away(attention: nn.Module, head: int, *, sharpness: float = 20.0) -> None:
    """Keep a matching head from the last dozen tokens, which always match best."""
    pairs = torch.zeros(HEAD_SIZE // 2)
    pairs[2:_FAST_PAIRS] = math.sqrt(sharpness)
    attention.q_proj.bias[_rows(head)] = torch.cat([pairs, torch.zeros(16)])
    attention.k_proj.bias[_rows(head)] = -torch.cat([pairs, torch.zeros(16)])


def _write(
    attention: nn.Module, head: int, read: tuple[slice, Tensor], target: slice, *, gain: float
) -> None:
    """Make a head write a projection of a range that it attends to into another range."""
    source, projection = read
    attention.v_proj.weight[_rows(head), source] += projection
    attention.o_proj.weight[target, _rows(head)] += gain * torch.eye(HEAD_SIZE)


def _match(
    attention: nn.Module, head: int, query: Tensor | None, source: slice, *, gain: float = 1.5
) -> None:
    """Make a head attend where the summary matches the query: the token itself, or its summary."""
    slow = torch.zeros(HEAD_SIZE)
    slow[_FAST_PAIRS : HEAD_SIZE // 2] = gain
    slow[HEAD_SIZE // 2 + _FAST_PAIRS :] = gain
    attention.k_proj.weight[_rows(head), source] += torch.diag(slow)
    if query is None:
        attention.q_proj.weight[_rows(head), source] += torch.diag(slow)
    else:
        attention.q_proj.weight[_rows(head), _CONTENT] += slow[:, None] * query


def _copy(attention: nn.Module, head: int, *, gain: float) -> None:
    """Make a head write the token that it attends to towards the output."""
    projection = _projection(64)
    attention.v_proj.weight[_rows(head), _CONTENT] += projection
    attention.o_proj.weight[_CONTENT, _rows(head)] += gain * projection.T
