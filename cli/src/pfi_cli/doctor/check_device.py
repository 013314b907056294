"""The device that trains, and whether a specification fits into its memory."""

from collections.abc import Iterator
from pathlib import Path

from pfi_cli.doctor.devices import Device, find_devices
from pfi_cli.doctor.findings import Finding, ok, problem, skipped, warning
from pfi_cli.doctor.memory.estimate import estimate
from pfi_cli.doctor.memory.weights import read_backbone_size
from pfi_cli.doctor.scene import Scene
from pfi_cli.output.units import bytes_text
from pfi_common.errors import BackboneUnreadableError, SpecInvalidError, SpecUnsoundError
from pfi_common.spec import MemoryEstimate, RunSpec, load_run_spec

NAME = "device"
MEMORY = "memory"


def check_device(scene: Scene) -> Iterator[Finding]:
    """Names every device, and estimates what the specification takes on the first."""
    devices, why = find_devices()
    for device in devices:
        yield _described(device, why)
    yield from _memory(scene, devices[0])


def _described(device: Device, why: str) -> Finding:
    found = f"{bytes_text(device.free_bytes)} free of {bytes_text(device.total_bytes)}, "
    found += "bfloat16" if device.element_bytes == 2 else "float32"  # noqa: PLR2004
    subject = f"{device.name} ({device.kind})"
    if device.kind == "cuda" and not device.bfloat16:
        step = "It emulates bfloat16 slowly; a GPU of compute capability 8.0 or later does not."
        return warning(NAME, subject, f"{found}, which it lacks", step)
    note = f" (said by {device.source}: {why})" if why else ""
    return ok(NAME, subject, f"{found}{note}")


def _memory(scene: Scene, device: Device) -> Iterator[Finding]:
    if scene.spec is None:
        yield skipped(MEMORY, "", "no specification was named", "--spec estimates what it takes.")
        return
    try:
        spec = load_run_spec(scene.spec)
        size = read_backbone_size(_folder(scene, scene.spec, spec))
    except (SpecInvalidError, SpecUnsoundError) as error:
        yield problem(MEMORY, "", error.message, "`pfi run explain` lists every reason.")
        return
    except BackboneUnreadableError as error:
        yield skipped(MEMORY, "", error.message, "--backbone names a local copy of the backbone.")
        return
    chosen = bool(getattr(spec.local, "gradient_checkpointing", False))
    for checkpointing in (False, True):
        made = estimate(spec, size, device.element_bytes, checkpointing=checkpointing)
        yield _judged(made, device, checkpointing=checkpointing, chosen=chosen)


def _folder(scene: Scene, path: Path, spec: RunSpec) -> Path:
    model = spec.backbone.model
    candidates = (scene.backbone, path.parent / model, Path(model))
    for folder in candidates:
        if folder is not None and folder.is_dir():
            return folder
    raise BackboneUnreadableError(f"{model} is no folder here")


def _judged(made: MemoryEstimate, device: Device, *, checkpointing: bool, chosen: bool) -> Finding:
    """Judges the way that the specification chooses; the other one is told for comparison."""
    subject = f"checkpointing {'on' if checkpointing else 'off'}"
    found = (
        f"{bytes_text(made.total_bytes)}: weights {bytes_text(made.weights_bytes)}, adapters "
        f"{bytes_text(made.adapters_bytes)}, activations {bytes_text(made.activations_bytes)}, "
        f"logits {bytes_text(made.logits_bytes)}, runtime"
    )
    if made.total_bytes <= device.free_bytes:
        return ok(MEMORY, subject, found)
    step = "Lower local.batch_size or local.maximum_tokens, or turn gradient checkpointing on."
    if made.total_bytes <= device.total_bytes:
        return warning(MEMORY, subject, f"{found}; not free now", f"Free memory first, or: {step}")
    if checkpointing is not chosen:
        return warning(MEMORY, subject, f"{found}; more than the device has", "Keep it as it is.")
    return problem(MEMORY, subject, f"{found}; more than the device has", step)
