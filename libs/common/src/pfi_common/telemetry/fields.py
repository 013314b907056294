"""The closed set of field names in logs.

A name that is not here cannot be logged. Names stand for ids, counts, sizes and durations; there is
none for tensors, text, documents or metric values.
"""

FIELDS: frozenset[str] = frozenset(
    {
        # identity and calls
        "address",
        "caller",
        "certificate_expires_at",
        "client",
        "code",
        "method",
        "reason",
        "seconds",
        "retry_after_seconds",
        # runs and rounds
        "adapter_digest",
        "attempt",
        "backbone_digest",
        "cohort",
        "deadline",
        "effect",
        "leader_token",
        "line",
        "round",
        "run",
        "schema_digest",
        "spool",
        "state",
        "steps_done",
        "steps_total",
        "task",
        "version",
        # counts and sizes
        "bad_rows",
        "capped",
        "clipped",
        "count",
        "held_out_rows",
        "line_number",
        "offset_bytes",
        "payload_bytes",
        "training_rows",
        "updates",
        # processes
        "endpoint",
        "pid",
        "process",
        "replica",
        "signal",
        # third-party libraries
        "library",
        "text",
    }
)
