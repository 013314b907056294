"""Builds the limits of ingest from the settings."""

import shutil

from pfi_aggregator.adapters.spool.budget import SpoolBudget
from pfi_aggregator.adapters.spool.rounds import SpoolRounds
from pfi_aggregator.application.upload_places import PlaceLimits, UploadPlaces
from pfi_aggregator.settings import AggregatorSettings


def build_places(settings: AggregatorSettings) -> UploadPlaces:
    """Makes the places of uploads."""
    return UploadPlaces(
        PlaceLimits(
            places=settings.maximum_uploads,
            places_per_client=settings.maximum_uploads_per_client,
            waiting=settings.maximum_waiting_uploads,
            turn_seconds=settings.upload_turn_seconds,
        )
    )


def build_budget(settings: AggregatorSettings, rounds: SpoolRounds) -> SpoolBudget:
    """Makes the spool's limit."""
    return SpoolBudget(
        settings.spool_limit_bytes,
        rounds.committed_bytes,
        lambda: shutil.disk_usage(settings.spool).free,
    )
