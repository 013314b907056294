"""gRPC is told how to wait before it is imported."""

import subprocess
import sys


def test_the_command_line_leaves_grpc_to_be_imported_later():
    # gRPC reads its variables once, when it is imported.
    imports = "import sys, pfi_rag.entrypoints.main"
    program = f"{imports}; sys.exit('grpc' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
