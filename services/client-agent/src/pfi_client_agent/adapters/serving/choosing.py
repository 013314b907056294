"""Chooses the next token."""

import torch

from pfi_client_agent.domain.answering import Sampling


class TokenChoice:
    """Chooses tokens; draws come from a generator of its own, since training has torch's.

    Args:
        sampling: How to choose.
    """

    def __init__(self, sampling: Sampling) -> None:
        self._temperature = sampling.temperature
        self._top_p = sampling.top_p
        # Drawn on the CPU, so that one seed gives one answer whatever the device's generator is.
        self._generator = torch.Generator(device="cpu")
        if sampling.seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(sampling.seed)

    def choose(self, logits: torch.Tensor) -> int:
        """Give a token id.

        Shapes:
            logits: (vocabulary,)
        """
        if self._temperature <= 0:
            return int(logits.argmax())
        scores = logits.float().cpu()
        # From the largest, so that nothing becomes infinite however low the temperature is.
        chances = torch.softmax((scores - scores.max()) / self._temperature, dim=-1)
        drawn = torch.multinomial(self._nucleus(chances), 1, generator=self._generator)
        return int(drawn)

    def _nucleus(self, chances: torch.Tensor) -> torch.Tensor:
        """Keep the likeliest tokens that together have `top_p` of the probability.

        Source: Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", section 3.1.
        """
        if self._top_p >= 1:
            return chances
        ordered, order = torch.sort(chances, descending=True)
        # A token stays while those before it have less than the share; the first always does.
        before = torch.cumsum(ordered, dim=-1) - ordered
        kept = torch.where(before < self._top_p, ordered, torch.zeros_like(ordered))
        return torch.zeros_like(chances).scatter(0, order, kept)
