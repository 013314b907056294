"""What a run is: the specification that people write, its checks, and what it compiles to."""

from pfi_common.spec.aggregate_parts import (
    KrumAggregate,
    MeanAggregate,
    MedianAggregate,
    MultiKrumAggregate,
    TrimmedMeanAggregate,
)
from pfi_common.spec.backbone_sizes import BackboneSizes
from pfi_common.spec.client_parts import (
    Adapter,
    Backbone,
    Classification,
    DualAdapter,
    Evaluate,
    Local,
    NoPersonalization,
)
from pfi_common.spec.cluster_parts import SKETCH_DIMENSIONS, NoClusters, UpdateSimilarity
from pfi_common.spec.compile import (
    compile_classification,
    compile_evaluate_task,
    compile_round_plan,
    compile_train_task,
    download_encoding,
    upload_encoding,
)
from pfi_common.spec.compile_rule import set_minimum
from pfi_common.spec.description import Description, load_description, parse_description
from pfi_common.spec.duration import format_duration
from pfi_common.spec.eligible_parts import Eligible
from pfi_common.spec.encoding_parts import (
    ENCODINGS,
    Encoding,
    acceptable_uploads,
    agreed_upload,
    feeds_error_back,
)
from pfi_common.spec.every_problem import Examination, examine_run_spec
from pfi_common.spec.facts import RunFacts, run_facts
from pfi_common.spec.load import load_run_spec
from pfi_common.spec.memory import MemoryEstimate, TrainedModel, estimate_memory
from pfi_common.spec.memory_need import MemoryNeed, estimated_need, memory_need
from pfi_common.spec.parse import parse_run_spec
from pfi_common.spec.presets import PRESETS, Preset
from pfi_common.spec.ranks import client_schema, client_schemas
from pfi_common.spec.run_spec import RunSpec
from pfi_common.spec.selection_parts import Utility
from pfi_common.spec.server_optimizers import (
    ServerAdagrad,
    ServerAdam,
    ServerSgd,
    ServerYogi,
)
from pfi_common.spec.server_parts import LONGEST_DEADLINE, SHORTEST_DEADLINE, Cohort, Stop

__all__ = [
    "ENCODINGS",
    "LONGEST_DEADLINE",
    "PRESETS",
    "SHORTEST_DEADLINE",
    "SKETCH_DIMENSIONS",
    "Adapter",
    "Backbone",
    "BackboneSizes",
    "Classification",
    "Cohort",
    "Description",
    "DualAdapter",
    "Eligible",
    "Encoding",
    "Evaluate",
    "Examination",
    "KrumAggregate",
    "Local",
    "MeanAggregate",
    "MedianAggregate",
    "MemoryEstimate",
    "MemoryNeed",
    "MultiKrumAggregate",
    "NoClusters",
    "NoPersonalization",
    "Preset",
    "RunFacts",
    "RunSpec",
    "ServerAdagrad",
    "ServerAdam",
    "ServerSgd",
    "ServerYogi",
    "Stop",
    "TrainedModel",
    "TrimmedMeanAggregate",
    "UpdateSimilarity",
    "Utility",
    "acceptable_uploads",
    "agreed_upload",
    "client_schema",
    "client_schemas",
    "compile_classification",
    "compile_evaluate_task",
    "compile_round_plan",
    "compile_train_task",
    "download_encoding",
    "estimate_memory",
    "estimated_need",
    "examine_run_spec",
    "feeds_error_back",
    "format_duration",
    "load_description",
    "load_run_spec",
    "memory_need",
    "parse_description",
    "parse_run_spec",
    "run_facts",
    "set_minimum",
    "upload_encoding",
]
