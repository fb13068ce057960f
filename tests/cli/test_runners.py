"""What a server says comes to a CI job's log as text: the runner finds no command in it."""

import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.cli.logs import logger
from imdoctor.cli.runners import harmless
from imdoctor.config.secrets import Mask
from imdoctor.render import FORMATS
from tests.cli.process import here, imdoctor

GITHUB = {"GITHUB_ACTIONS": "true"}
EVIL = "::error::one ##[error]two ::set-output name=a::three ##vso[task.complete]four"


def obeyed(text: str) -> list[str]:
    """Return the lines in which GitHub's runner, or the agent of Azure Pipelines, finds a command of its own."""
    lines = re.split(r"\r\n|\r|\n", text)
    return [line for line in lines if line.lstrip().startswith("::") or re.search(r"##[A-Za-z]*\[", line)]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the report of a gateway whose ErrorInfo holds commands, at a line's beginning in any width."""
    report = imdoctor(tmp_path_factory.mktemp("run"), "drill", "probe.error-code", "--format=json").out
    told, count = re.subn(r'("error_info": )"The.*?"', rf"\1{json.dumps(' '.join([EVIL] * 6))}", report)
    assert count
    return told


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("columns", ["40", "61", "80"])
def test_no_format_gives_a_command(tmp_path: Path, saved: str, form: str, columns: str) -> None:
    """In a job the server's words command nothing in any format, as output and as file; the format github has commands of ours."""
    (tmp_path / "r.json").write_text(saved)
    environ = {**GITHUB, "COLUMNS": columns}
    done = imdoctor(tmp_path, "judge", "r.json", "-v", "--format", form, f"--output={form}=file", environ=environ)
    assert done.code == 2
    assert any(line.startswith("::error title=") for line in obeyed(done.out)) == (form == "github")
    for text in (done.out, done.err, (tmp_path / "file").read_text()):
        assert [line for line in obeyed(text) if not line.startswith("::error title=")] == []


def test_errors_and_logs_give_none(tmp_path: Path) -> None:
    """On standard error neither a sentence nor an entry of the log commands anything."""
    (tmp_path / "::error::a").mkdir()
    for arguments in (("run", "--sandbox", "--output", f"json=/{EVIL}/x"), ("explain", EVIL), ("judge", "::error::a")):
        assert obeyed(here(tmp_path, *arguments, environ=GITHUB).err) == []
    stream = io.StringIO()
    logger(stream, Mask.of(()), environ=GITHUB).warning(EVIL)
    assert json.loads(stream.getvalue())["event"] == EVIL
    assert obeyed(stream.getvalue()) == []


WORDS = st.text(st.sampled_from("::##[]ab \r\n\t\u3000")) | st.text()


@given(WORDS)
def test_whatever_the_text(text: str) -> None:
    """No text has a command left, nothing but spaces without width is added, and elsewhere it stays as it is."""
    told = harmless(text, {"TF_BUILD": "True"})
    assert obeyed(told) == []
    assert told.replace("\u200b", "") == text.replace("\u200b", "")
    assert harmless(text, {}) == text


@given(st.dictionaries(WORDS, WORDS | st.lists(WORDS)))
def test_json_keeps_its_meaning(data: dict[str, str | list[str]]) -> None:
    """JSON has no command left, and says what it said."""
    told = harmless(json.dumps(data, indent=2, ensure_ascii=False), GITHUB, "json")
    assert obeyed(told) == []
    assert json.loads(told) == data
