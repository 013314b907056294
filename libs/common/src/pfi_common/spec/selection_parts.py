"""The part of a run specification that says how clients are preferred by what they did."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pfi_common.spec.part import Count, SpecPart

Share = Annotated[float, Field(ge=0, le=1)]
AboveNothing = Annotated[float, Field(gt=0, le=1)]


class Utility(SpecPart):
    """Parameters of `select: utility`, with the defaults of the paper where it gives one.

    Lai et al. 2021, "Oort: Efficient Federated Learning via Guided Participant Selection" (OSDI).
    """

    exploration: Share = 0.9
    """Share of the first cohort that was never tried"""
    exploration_decay: AboveNothing = 0.98
    """What that share is multiplied by after each round"""
    exploration_minimum: Share = 0.2
    """Lowest share that was never tried"""
    clip_quantile: AboveNothing = 0.95
    """Quantile of the utilities above which none counts more"""
    cut_off: AboveNothing = 0.95
    """Share of the last needed client's score from which on clients are drawn"""
    penalty: Annotated[float, Field(ge=0, le=10)] = 2.0
    """Exponent of preferred duration / duration for clients slower than preferred; 0 for none"""
    pace: AboveNothing = 0.5
    """Quantile of the candidates' durations that is preferred at first; 1 prefers none"""
    pace_step: AboveNothing = 0.1
    """By how much the quantile rises when rounds achieve little more than those before"""
    pace_window: Annotated[int, Field(ge=1, le=1000)] = 20
    """Rounds that are compared with as many before"""
    blacklist_after: Count | None = 10
    """Selections after which a client comes last; null for never"""
    blacklist_share: Share = 0.3
    """Largest share of the candidates that comes last"""
