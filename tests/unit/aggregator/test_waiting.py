"""gRPC is told how to wait before it is imported."""

import subprocess
import sys


def test_the_command_line_leaves_grpc_to_be_imported_later():
    # gRPC reads its variables once, when it is imported.
    program = "import sys, pfi_aggregator.main; sys.exit('grpc' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
