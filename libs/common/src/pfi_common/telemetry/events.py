"""The closed list of log events.

Each part of the platform adds its names in its own block; a name says what happened, in the past
tense or as a state. An architecture test keeps declared and used events equal.
"""

from enum import StrEnum


class Event(StrEnum):
    """What a log line is about."""

    # every service
    LIBRARY_MESSAGE = "library_message"
    SERVICE_DRAINING = "service_draining"
    SERVICE_STOPPED = "service_stopped"

    # rpc
    RPC_FINISHED = "rpc_finished"
    RPC_FAILED = "rpc_failed"

    # revocation
    REVOCATION_LIST_CHANGED = "revocation_list_changed"
    REVOCATION_LIST_UNREADABLE = "revocation_list_unreadable"

    # coordinator
    AGGREGATOR_UNREACHABLE = "aggregator_unreachable"
    CLIENT_ENROLLED = "client_enrolled"
    CLIENT_PLACED = "client_placed"
    CLIENT_REVOKED = "client_revoked"
    CLUSTERS_FORMED = "clusters_formed"
    CLUSTERS_NOT_FOUND = "clusters_not_found"
    COORDINATOR_LISTENING = "coordinator_listening"
    DELAY_ENDED = "delay_ended"
    DRIVER_FAILED = "driver_failed"
    EFFECT_DELAYED = "effect_delayed"
    EFFECT_FAILED = "effect_failed"
    EXPORT_ORDERED = "export_ordered"
    LEADER_ELECTED = "leader_elected"
    LEADER_STEPPED_DOWN = "leader_stepped_down"
    OPEN_FILES_FEW = "open_files_few"
    PARTITION_ORDERED = "partition_ordered"
    PIECES_ORDERED = "pieces_ordered"
    REGISTRY_LOST = "registry_lost"
    ROUND_CHANGED = "round_changed"
    RUN_CANCELLED = "run_cancelled"
    RUN_CHANGED = "run_changed"
    RUN_EXTENDED = "run_extended"
    RUN_PAUSED = "run_paused"
    RUN_RESUMED = "run_resumed"
    RUN_SUBMITTED = "run_submitted"
    SESSION_CLOSED = "session_closed"
    SESSION_OPENED = "session_opened"
    TASK_RESULT_RECORDED = "task_result_recorded"

    # aggregator
    AGGREGATOR_LISTENING = "aggregator_listening"
    FAILPOINT_ARMED = "failpoint_armed"
    FOLD_AHEAD_STOPPED = "fold_ahead_stopped"
    SPOOL_RECOVERED = "spool_recovered"
    SPOOL_ROUND_DAMAGED = "spool_round_damaged"
    SPOOL_ROUND_OPENED = "spool_round_opened"
    SPOOL_ROUND_SEALED = "spool_round_sealed"
    SPOOL_ROUND_ABORTED = "spool_round_aborted"
    SPOOL_ROUND_SETTLED = "spool_round_settled"
    UPDATE_COMMITTED = "update_committed"
    PARTIAL_UPLOADS_SWEPT = "partial_uploads_swept"
    SWEEP_FAILED = "sweep_failed"
    ADAPTER_MERGED = "adapter_merged"
    PARTIAL_SUM_STORED = "partial_sum_stored"

    # worker
    WORKER_READY = "worker_ready"
    WORKER_FAILED = "worker_failed"
    EXPORT_STORED = "export_stored"
    EXPORT_FAILED = "export_failed"
    PARTITION_STORED = "partition_stored"
    PARTITION_FAILED = "partition_failed"
    PIECE_REDUCED = "piece_reduced"
    REDUCTION_FAILED = "reduction_failed"

    # retrieval
    DOCUMENTS_FORGOTTEN = "documents_forgotten"
    INDEX_MENDED = "index_mended"
    INDEX_OPTIMISING_FAILED = "index_optimising_failed"
    INDEX_REINDEXED = "index_reindexed"
    INDEX_REINDEXING_FAILED = "index_reindexing_failed"
    RAG_LISTENING = "rag_listening"
    REST_FINISHED = "rest_finished"
    USERS_GONE = "users_gone"

    # client agent
    AGENT_READY = "agent_ready"
    AGENT_STOPPED = "agent_stopped"
    AGENT_FAILED = "agent_failed"
    ANSWERS_READY = "answers_ready"
    ANSWER_FAILED = "answer_failed"
    ANSWER_GIVEN = "answer_given"
    BAD_ROW_SKIPPED = "bad_row_skipped"
    CERTIFICATE_RENEWED = "certificate_renewed"
    CERTIFICATE_RENEWAL_FAILED = "certificate_renewal_failed"
    DATA_READ = "data_read"
    DEVICES_REFUSED = "devices_refused"
    DEVICE_ENROLLED = "device_enrolled"
    FLEET_CLIENT_FAILED = "fleet_client_failed"
    FLEET_STARTED = "fleet_started"
    FLEET_STOPPED = "fleet_stopped"
    PERSONAL_ADAPTER_ARCHIVED = "personal_adapter_archived"
    RESIDUAL_MISSING = "residual_missing"
    ROWS_LEFT_OUT = "rows_left_out"
    SERVING_ADAPTER_CHANGED = "serving_adapter_changed"
    SERVING_ADAPTER_REFUSED = "serving_adapter_refused"
    SERVING_ADAPTER_UNKNOWN = "serving_adapter_unknown"
    SESSION_ENDED = "session_ended"
    TASK_ABANDONED = "task_abandoned"
    TASK_COMPLETED = "task_completed"
    TASK_STARTED = "task_started"
    TASK_STOPPED = "task_stopped"
    TRANSFER_RETRIED = "transfer_retried"
    UPDATE_REUSED = "update_reused"

    # command line and local federation
