"""What an agent says about a user's own file."""

import subprocess
from pathlib import Path

import pytest
from tests.e2e.pfi_command import environment
from tests.support.federation import Federation

from pfi_cli.local.programs import program_path

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

DATA_UNUSABLE = 6


@pytest.mark.parametrize(
    ("name", "contents", "complaint"),
    [
        ("empty.jsonl", "", "DATA_UNREADABLE"),
        ("bad.jsonl", '{"text": "one good row"}\n' + "{no json\n" * 9, "DATA_TOO_MANY_BAD_ROWS"),
        ("table.csv", "a,b\n", "DATA_UNREADABLE"),
    ],
)
def test_an_unusable_file_is_refused_before_enrolment(
    federation: Federation, tmp_path: Path, name: str, contents: str, complaint: str
):
    file = tmp_path / name
    file.write_text(contents)
    before = len(federation.api.clients())
    token = federation.api.create_token(label="late", ttl_seconds=600).token
    arguments = ["--state", str(tmp_path / "late"), "--data", str(file), "--token", token]
    done = subprocess.run(
        [str(program_path("pfi-agent")), "start", *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == DATA_UNUSABLE, done.stderr
    assert complaint in done.stderr
    assert len(federation.api.clients()) == before
    assert not (tmp_path / "late" / "identity" / "certificate.pem").exists()
