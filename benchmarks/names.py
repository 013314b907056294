"""What there is to measure, in the order of the page of results."""

BENCHMARKS = {
    "installation": "time and size of each distribution in a fresh environment",
    "demo": "wall time of pfi demo",
    "round-overhead": "what a round costs beyond training",
    "training-throughput": "the agent's training loop against a plain PEFT loop",
    "gpu-training": "the same on a CUDA device, on a model of 400 M parameters",
    "memory": "peak memory of coordinator, aggregator and worker",
    "round-throughput": "rounds without training, synthetic updates of 8 and 64 MB",
    "ingest": "bytes per second that an aggregator takes in over mutual TLS",
    "fold": "bytes per second that updates are summed with, by encoding",
    "rules": "time and memory of robust rules, 100 updates of 16 M parameters",
    "publish-latency": "from the last commit to the published adapter",
    "control-plane": "task hand-outs and progress messages per second over sessions, beside Flower",
    "idle-agents": "memory of an idle open session, and how a reconnect storm settles",
    "leader-kills": "how soon another coordinator goes on when the leader is killed",
    "answers": "time to the first text, and tokens per second, of answers on the device",
    "fleet": "round time and memory with 200 clients in one agent process",
    "simulator": "events per second of simulated runs, on one core",
    "retrieval": "searches of the retrieval service beside Qdrant Edge, and ingestion",
}


def module_name(name: str) -> str:
    """Name of the module, in `benchmarks` and in `benchmarks.plots`, of a benchmark."""
    return name.replace("-", "_")
