"""What is printed and written: whole files or none, the report's exit code, and what happens when nothing can be written."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from imdoctor.cli.output import write_whole
from imdoctor.render import FORMATS
from imdoctor.render.json import render
from tests.cli.process import environment, here, imdoctor
from tests.render.reports import REPORTS

RUN = ("run", "127.0.0.1:1", "--check", "client")
"""A run that sends nothing: exit code 3, since nothing is known."""


def test_files_are_written_beside_the_report(tmp_path: Path) -> None:
    """Each --output is a rendering of the same report, and nothing else is left in the folder."""
    (tmp_path / "out").mkdir()
    done = here(tmp_path, *RUN, f"--output=json={tmp_path}/out/a.json", f"--output=text={tmp_path}/out/b=c.txt")
    assert done.code == 3
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.json", "b=c.txt"}
    assert json.loads((tmp_path / "out/a.json").read_text())["exit_code"] == 3
    assert (tmp_path / "out/b=c.txt").read_text() == done.out


def shell(folder: Path, line: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a line in a shell, with this Python as $0 and the arguments after it."""
    command = ["sh", "-c", line, sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False)


def test_an_input_that_is_closed(tmp_path: Path) -> None:
    """A process that was started without its standard input is told that nothing comes from there."""
    done = shell(tmp_path, '"$0" -m imdoctor judge - <&-')
    assert (done.returncode, done.stdout) == (64, "")
    assert "standard input is no JSON" in done.stderr


CLOSED: dict[str, tuple[str, int, str]] = {
    "output": (">&-", 74, "imdoctor: standard output could not be written"),
    "errors": ("2>&-", 3, ""),
    "all of them": ("<&- >&- 2>&-", 74, ""),
}


@pytest.mark.parametrize("name", CLOSED)
def test_a_stream_that_is_closed(tmp_path: Path, name: str) -> None:
    """A process may be started without its streams: what cannot be said is an error, and a file is written all the same."""
    redirection, code, sentence = CLOSED[name]
    line = f'"$0" -m imdoctor {" ".join(RUN)} --output json=a.json {redirection}'
    done = shell(tmp_path, line)
    assert done.returncode == code
    assert done.stderr.startswith(sentence)
    assert len(done.stderr.splitlines()) == bool(sentence)
    assert json.loads((tmp_path / "a.json").read_text())["exit_code"] == 3


UNHEARD = {
    "a usage error": (("explain", "nothing"), 64),
    "a configuration error": (("config", "check", "nowhere.yaml"), 78),
    "a warning": (("lint", "https://console.tim.qq.com/v4/a/b?usersig=eJabcdefghij"), 2),
}


@pytest.mark.parametrize("name", UNHEARD)
def test_an_error_that_nobody_reads(tmp_path: Path, name: str) -> None:
    """Where standard error takes nothing, what was to stand there is lost, and all else is as it was."""
    arguments, code = UNHEARD[name]
    line = '"$0" -m imdoctor "$@" 2>/dev/full'
    done = shell(tmp_path, line, *arguments)
    assert done.returncode == code
    assert bool(done.stdout) == (code == 2)


def test_a_folder_that_was_removed(tmp_path: Path) -> None:
    """In a working directory that is there no more, what needs none works, and a file in it cannot be written."""
    run = '"$0" -m imdoctor run --sandbox -q'
    line = f"mkdir gone && cd gone && rmdir ../gone && {run} && {run} --output json=a.json"
    done = shell(tmp_path, line)
    assert done.returncode == 74
    assert done.stdout.count("ok console.tim.qq.com:443") == 2
    assert "a.json could not be written" in done.stderr


def test_every_format_at_once(tmp_path: Path) -> None:
    """One run writes every format that there is, each whole, with one exit code; standard output has its own."""
    outputs = [f"--output={form}={form}.out" for form in FORMATS]
    done = imdoctor(tmp_path, "drill", "tls.cert-expired", "--format=nagios", *outputs)
    assert (done.code, done.err) == (2, "")
    written = {form: (tmp_path / f"{form}.out").read_text("utf-8") for form in FORMATS}
    assert written["nagios"] == done.out
    assert json.loads(written["json"])["exit_code"] == 2
    assert {path.name for path in tmp_path.iterdir()} == {f"{form}.out" for form in FORMATS}
    for form in set(FORMATS) - {"prometheus"}:  # whose lines hold codes and no sentences
        assert "The certificate has expired" in written[form], form


def test_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    """Exit code 74; the report and the other files are there all the same, and an old file is left as it was."""
    done = imdoctor(tmp_path, *RUN, "--output=json=gone/a.json", "--output=json=.", "--output=json=good.json")
    assert done.code == 74
    assert "gone/a.json could not be written: No such file or directory" in done.err
    assert ". could not be written: Is a directory" in done.err
    assert (tmp_path / "good.json").exists()
    assert done.out.startswith("NOT KNOWN")


@pytest.mark.parametrize(
    "arguments", [RUN, ("checks",), ("explain", "60026"), ("config", "schema"), ("--help",)], ids=" ".join
)
def test_a_full_disk(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """When standard output takes nothing, the exit code is 74, with a sentence and no traceback."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "imdoctor", *arguments],
            cwd=tmp_path,
            env=environment(tmp_path),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 74
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "code"), [(RUN, 3), (("checks",), 0), (("--help",), 0)], ids=["run", "checks", "help"]
)
def test_a_reader_that_goes_away(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    """When the reader has gone (`| head`), nothing is complained of, and a report's exit code stands."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "imdoctor", *arguments],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (code, "")


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """A file that is there keeps its permissions, and a link keeps leading where it leads."""
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_whole(link, "new\n")
    assert link.is_symlink()
    assert real.read_text() == "new\n"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert {path.name for path in tmp_path.iterdir()} == {"real", "link"}


def test_what_is_no_file_is_written_to(tmp_path: Path) -> None:
    """A device is written to and not replaced by a file."""
    write_whole(Path("/dev/null"), "x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    link = tmp_path / "null"
    link.symlink_to("/dev/null")
    write_whole(link, "x")
    assert stat.S_ISCHR(link.stat().st_mode)


def test_a_step_of_github_has_its_summary(tmp_path: Path) -> None:
    """With the format `github` the report is added in Markdown to the summary that the job names, after what is there."""
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    job = {"GITHUB_STEP_SUMMARY": str(summary)}
    plain = imdoctor(tmp_path, *RUN, environ=job)
    assert summary.read_text() == "before\n"
    done = imdoctor(tmp_path, *RUN, "--format=github", f"--output=markdown={tmp_path}/report.md", environ=job)
    assert (done.code, done.err) == (plain.code, plain.err) == (3, "")
    assert done.out.startswith("::error title=imdoctor%3A nothing was checked::NOT KNOWN: ")
    before, _, report = summary.read_text().partition("\n")
    assert before == "before"
    assert report.splitlines()[0] == (tmp_path / "report.md").read_text().splitlines()[0]
    imdoctor(tmp_path, *RUN, "--format=github")
    assert summary.read_text().count("## ") == 1


def test_a_full_summary_is_left_as_it_is(tmp_path: Path) -> None:
    """GitHub takes no summary over 1 MiB: what does not fit is left out rather than all of it lost."""
    summary = tmp_path / "summary.md"
    summary.write_bytes(b"x" * (1024 * 1024))
    done = imdoctor(tmp_path, *RUN, "--format=github", environ={"GITHUB_STEP_SUMMARY": str(summary)})
    assert done.code == 3
    assert summary.stat().st_size == 1024 * 1024


def test_a_summary_that_cannot_be_written(tmp_path: Path) -> None:
    """Exit code 74, and the annotations are there all the same."""
    done = imdoctor(tmp_path, *RUN, "--format=github", environ={"GITHUB_STEP_SUMMARY": "gone/summary.md"})
    assert done.code == 74
    assert "the step's summary gone/summary.md could not be written: No such file or directory" in done.err
    assert done.out.startswith("::error")


def test_a_saved_report_is_judged(tmp_path: Path) -> None:
    """What a run saved is judged to the same end, from a file and from standard input."""
    run = imdoctor(tmp_path, *RUN, "--output=json=saved.json")
    saved = (tmp_path / "saved.json").read_text()
    from_file = imdoctor(tmp_path, "judge", "saved.json")
    from_input = imdoctor(tmp_path, "judge", "-", stdin=saved)
    assert (from_file.code, from_file.out) == (run.code, run.out)
    assert from_input == from_file
    as_json = imdoctor(tmp_path, "judge", "saved.json", "--format=json")
    assert json.loads(as_json.out) == json.loads(saved)


def test_checks_that_are_not_installed_are_left_out(tmp_path: Path) -> None:
    """A report with a check of elsewhere is judged without it, and that is told."""
    text = render(REPORTS["unknown"]).replace('"dns"', '"elsewhere"')
    (tmp_path / "saved.json").write_text(text)
    told = json.loads(text)
    told["targets"][0]["settings"] = {"endpoint": {"host": "console.tim.qq.com", "port": 443}}
    told["targets"][0]["checks"] = told["targets"][0]["checks"][:1]
    (tmp_path / "saved.json").write_text(json.dumps(told))
    done = here(tmp_path, "judge", str(tmp_path / "saved.json"))
    assert done.code == 3
    assert json.loads(done.err)["check"] == "elsewhere"


def test_the_checks_are_listed(tmp_path: Path) -> None:
    """Each check is listed with its step and where it comes from."""
    lines = here(tmp_path, "checks").out.splitlines()
    assert lines[0].split() == ["check", "step", "from", "question"]
    assert any(line.startswith("dns ") and " 4 " in line and "imdoctor 0." in line for line in lines)
