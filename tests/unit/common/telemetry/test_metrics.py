from prometheus_client import CollectorRegistry

from pfi_common.telemetry.metrics import RpcMetrics

METHOD = "/pfi.aggregator.v1.UpdateService/UploadUpdate"
LABEL = METHOD.removeprefix("/")


def test_a_call_is_counted_and_timed():
    registry = CollectorRegistry()
    metrics = RpcMetrics("aggregator", registry)
    metrics.record(METHOD, "OK", 0.3)
    metrics.record(METHOD, "OK", 0.1)
    metrics.record(METHOD, "NOT_FOUND", 0.1)
    sample = registry.get_sample_value
    name = "pfi_aggregator_rpc_requests_total"
    assert sample(name, {"method": LABEL, "code": "OK"}) == 2
    assert sample(name, {"method": LABEL, "code": "NOT_FOUND"}) == 1
    assert sample("pfi_aggregator_rpc_seconds_count", {"method": LABEL}) == 3
    assert sample("pfi_aggregator_rpc_seconds_sum", {"method": LABEL}) == 0.5
    assert sample("pfi_aggregator_rpc_seconds_bucket", {"method": LABEL, "le": "0.1"}) == 2
