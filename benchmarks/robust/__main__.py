"""`python -m benchmarks.robust work|complete FOLDER RULE`: one process of the benchmark.

`work` reduces every piece as a worker does and stores the results under `FOLDER/artifacts`;
`complete` puts them together as the aggregator does. Each prints its seconds and peak memory.
"""

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks.robust.scene import KEY, RuleReader
from benchmarks.workload import high_water_mib
from pfi_aggregator.adapters.heap import tune_heap
from pfi_aggregator.application.reduce_piece import ReducePiece
from pfi_aggregator.application.reduction_pieces import ReductionPieces, stale_piece
from pfi_aggregator.domain.merge import Merge
from pfi_aggregator.domain.reduction import read_piece, reduction_digest, reduction_of
from pfi_aggregator.domain.stored_update import check_stored_record
from pfi_common.artifacts import ArtifactStore, open_artifact_store

_MB_PER_MIB = 1.048576


def main() -> None:
    """Does one part."""
    part, folder, rule = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    artifacts = folder / "artifacts"
    if part == "work":
        shutil.rmtree(artifacts, ignore_errors=True)
    tune_heap()
    store = open_artifact_store(f"file://{artifacts}")
    reader = RuleReader(folder, rule)
    started, busy = time.monotonic(), time.process_time()
    asyncio.run(_work(reader, store) if part == "work" else _complete(reader, store))
    seconds = time.monotonic() - started
    cpu_seconds = time.process_time() - busy
    peak_mb = high_water_mib(os.getpid()) * _MB_PER_MIB
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_mb": peak_mb}))


async def _work(reader: RuleReader, store: ArtifactStore) -> None:
    reduce = ReducePiece(reader, store, ReductionPieces(store))
    reduction = reduction_of(reader.plan(KEY), reader.counted(KEY))
    for piece in range(reduction.piece_count if reduction else 0):
        await reduce.run(KEY, piece)


async def _complete(reader: RuleReader, store: ArtifactStore) -> None:
    plan, counted = reader.plan(KEY), reader.counted(KEY)
    reduction, pieces = reduction_of(plan, counted), ReductionPieces(store)
    assert reduction is not None  # noqa: S101 - every rule that is measured has pieces
    completion, digest = reduction.completion(), reduction_digest(plan, counted)
    for piece in range(reduction.piece_count):
        body = read_piece(digest, piece, await pieces.require(KEY, piece))
        if body is None:
            raise stale_piece(piece)
        completion.add(piece, body)
    reduced = completion.finish()
    if reduced.weights is not None:
        _merge(reader, reduced.weights)


def _merge(reader: RuleReader, weights: Mapping[str, int]) -> None:
    """Averages the selected updates, as `MergeRound.selected_mean`."""
    plan = reader.plan(KEY)
    merge = Merge(plan)
    for update in reader.counted(KEY):
        if update.task in weights:
            with reader.read(KEY, update.task) as stored:
                check_stored_record(plan, update, stored.record)
                weighted = replace(update, weight_units=weights[update.task])
                merge.fold(weighted, stored.record, stored.payload)
    merge.mean()


if __name__ == "__main__":
    main()
