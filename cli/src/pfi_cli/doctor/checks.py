"""Every check of `pfi doctor`, in the order of its table."""

from collections.abc import Sequence

from pfi_cli.doctor import (
    check_certificates,
    check_clock,
    check_containers,
    check_device,
    check_disk,
    check_open_files,
    check_ports,
    check_redis,
    check_services,
    check_spool,
)
from pfi_cli.doctor.devices import AGENT_SECONDS
from pfi_cli.doctor.run_checks import Check

CHECKS: Sequence[Check] = (
    Check(check_ports.NAME, check_ports.check_ports),
    Check(check_services.NAME, check_services.check_services, check_services.LIMIT_SECONDS),
    Check(check_certificates.NAME, check_certificates.check_certificates),
    Check(check_clock.NAME, check_clock.check_clock),
    Check(check_redis.NAME, check_redis.check_redis),
    Check(check_disk.NAME, check_disk.check_disk),
    Check(check_open_files.NAME, check_open_files.check_open_files),
    Check(check_spool.NAME, check_spool.check_spool),
    Check(check_containers.NAME, check_containers.check_containers),
    Check(check_device.NAME, check_device.check_device, AGENT_SECONDS + 2),
)
