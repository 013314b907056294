"""Writes an answer token by token, and can be stopped between two."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from pfi_client_agent.adapters.learning.backbone import LoadedBackbone
from pfi_client_agent.adapters.serving.choosing import TokenChoice
from pfi_client_agent.adapters.serving.spelling import Spelling
from pfi_client_agent.adapters.serving.stop_texts import StopTexts
from pfi_client_agent.domain.answering import Ending, FinishReason, Sampling


class Generation:
    """One answer.

    Args:
        backbone: Writes it.
        sampling: How tokens are chosen.
        cancelled: Tells that nobody wants the rest.
    """

    def __init__(
        self, backbone: LoadedBackbone, sampling: Sampling, cancelled: Callable[[], bool]
    ) -> None:
        self._backbone = backbone
        self._choice = TokenChoice(sampling)
        self._stops = StopTexts(sampling.stop)
        self._spelling = Spelling(backbone.tokenizer)
        self._cancelled = cancelled

    def run(self, prompt: Sequence[int], limit: int, passages: int) -> Iterator[str | Ending]:
        """Yield pieces of text, then the ending, unless it is cancelled before.

        Args:
            prompt: Token ids; at least one.
            limit: Most tokens to write.
            passages: Passages in the prompt, for the ending.
        """
        reason: FinishReason = "length"
        written = 0
        for token in self._tokens(prompt, limit):
            written += 1
            if token in self._ends:
                reason = "stop"
                break
            if piece := self._stops.feed(self._spelling.add(token)):
                yield piece
            if self._stops.found:
                reason = "stop"
                break
        if self._cancelled():
            return
        rest = self._stops.feed(self._spelling.flush()) + self._stops.flush()
        if rest:
            yield rest
        reason = "stop" if self._stops.found else reason
        yield Ending(reason, len(prompt), written, passages)

    def _tokens(self, prompt: Sequence[int], limit: int) -> Iterator[int]:
        model = self._backbone.model
        unread, cache = list(prompt), None
        options = _last_logits_alone(model)
        for _ in range(limit):
            if self._cancelled():
                return
            ids = torch.tensor([unread], device=self._backbone.device)
            # Entered for each token: a generator must not hold a mode of the thread open.
            with torch.inference_mode():
                output = model(input_ids=ids, past_key_values=cache, use_cache=True, **options)
                token = self._choice.choose(output.logits[0, -1])
            cache, unread = output.past_key_values, [token]
            yield token

    @property
    def _ends(self) -> frozenset[int]:
        """Tokens that end an answer."""
        generation = getattr(self._backbone.model, "generation_config", None)
        named = getattr(generation, "eos_token_id", None)
        ends = named if isinstance(named, list) else [named]
        found = [*ends, self._backbone.tokenizer.eos_token_id]
        return frozenset(int(end) for end in found if end is not None)


def _last_logits_alone(model: torch.nn.Module) -> dict[str, Any]:
    """Ask for the last token's logits only, of a model that can: a long prompt has gigabytes."""
    known = "logits_to_keep" in inspect.signature(model.forward).parameters
    return {"logits_to_keep": 1} if known else {}
