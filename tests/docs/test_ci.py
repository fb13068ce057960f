"""The page on CI: its stages are read as their systems read them, and what they run is run, against a gateway on loopback."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from imdoctor.lab.gateway import Answering
from tests.agent.lab import Watched, watched
from tests.cli.process import KEY, Done, environment

PAGE = (Path(__file__).parents[2] / "docs/ci.md").read_text("utf-8")
BLOCKS = {kind: re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL) for kind in ("yaml", "groovy", "sh")}
CONFIGURATION, GITHUB, PIPELINE = map(yaml.safe_load, BLOCKS["yaml"])
GITLAB = PIPELINE["im-smoke"]
(JENKINS,) = BLOCKS["groovy"]
OPENING = {"}": "{", ")": "(", "]": "["}


def github() -> list[str]:
    """Return what GitHub's job runs."""
    return [step["run"] for step in GITHUB["jobs"]["im"]["steps"] if "run" in step]


def jenkins() -> list[str]:
    """Return what Jenkins' stage runs, each as Groovy hands it to the shell: a backslash at a line's end is its own there, and ends it."""
    found = re.findall(r"sh '''(.*?)'''|sh '([^']*)'", JENKINS, re.DOTALL)
    return [re.sub(r"\\\n\s*", "", long or short).strip() for long, short in found]


STAGES = {
    "github": github(),
    "gitlab": GITLAB["script"],
    "jenkins": jenkins(),
    "anywhere": BLOCKS["sh"][0].splitlines(),
}
KEPT = {
    "github": ["imdoctor.json", "summary.md"],
    "gitlab": ["imdoctor.json", "imdoctor.xml"],
    "jenkins": ["imdoctor.html", "imdoctor.json", "imdoctor.xml"],
    "anywhere": ["imdoctor.json"],
}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Watched]:
    """Hand out a gateway, with the page's own configuration leading to it."""
    with watched(tmp_path) as found:
        (target,) = CONFIGURATION["targets"]
        checks = {"dns": {"third_party": False}}
        data = {**CONFIGURATION, "targets": [{**target, **found.target("staging")}], "checks": checks}
        (tmp_path / "imdoctor.yaml").write_text(yaml.safe_dump(data))
        yield found


def started(lab: Watched, script: str) -> "subprocess.Popen[str]":
    """Start a script as a runner does: in the job's folder, with its secret and its summary."""
    own = {"IM_SECRET_KEY": KEY, "GITHUB_STEP_SUMMARY": str(lab.folder / "summary.md")}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.Popen(
        ["bash", "-e", "-c", script],
        cwd=lab.folder,
        env={**environment(lab.folder, own), "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: "subprocess.Popen[str]") -> Done:
    """Wait for a script's end."""
    out, err = process.communicate(timeout=60)
    return Done(process.returncode, out, err)


def calls(stage: str) -> str:
    """Return a stage's calls of imdoctor; what is left out is pip's."""
    return "\n".join(line for line in STAGES[stage] if not line.startswith("pip install"))


def _rested(lab: Watched) -> None:
    """Wait until the gateway was called, and then by nobody for a second: a try is over, and the next begins after five seconds."""
    met = 0
    while not met or met != lab.gateway.connections:
        met = lab.gateway.connections
        time.sleep(1 if met else 0.05)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_passes_where_all_is_well(lab: Watched, stage: str) -> None:
    """The commands end well, every file that the stage keeps is there, and none of them holds the key."""
    done = ended(started(lab, calls(stage)))
    assert (done.code, done.err) == (0, "")
    for name in KEPT[stage]:
        text = (lab.folder / name).read_text()
        assert text
        assert KEY not in text
    assert KEY not in done.out


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_fails_with_its_target(lab: Watched, stage: str) -> None:
    """A key that the service refuses fails the stage, by what the page says; the files are there all the same, with the cause."""
    lab.answer(Answering(error_code=70009))
    done = ended(started(lab, calls(stage)))
    assert done.code == 2
    for name in KEPT[stage]:
        assert "usersig.wrong-key" in (lab.folder / name).read_text()


def test_the_causes_are_annotations(lab: Watched) -> None:
    """GitHub's stage writes the cause as a workflow command."""
    lab.answer(Answering(error_code=70009))
    assert ended(started(lab, calls("github"))).out.startswith("::error title=usersig.wrong-key")


def test_warnings_let_gitlab_go_on(lab: Watched) -> None:
    """A target that works with warnings ends by the code that the stage allows."""
    lab.answer(Answering(close_always=True))
    assert [ended(started(lab, calls("gitlab"))).code] == GITLAB["allow_failure"]["exit_codes"]


def test_a_target_that_is_coming_up_is_waited_for(lab: Watched) -> None:
    """A gateway that answers by 503 at first and well later passes, and the report has both tries."""
    lab.answer(Answering(status=503, body="not yet"))
    process = started(lab, calls("gitlab"))
    _rested(lab)
    lab.answer(Answering())
    done = ended(process)
    assert done.code == 1, done.out  # it came and went, which is a warning
    (target,) = json.loads((lab.folder / "imdoctor.json").read_text())["targets"]
    (probe,) = (check for check in target["checks"] if check["name"] == "probe")
    assert [attempt["status"] for attempt in probe["attempts"]] == ["fail"]
    assert [cause["cause"] for cause in target["diagnosis"]] == ["probe.intermittent"]


def test_the_configuration_is_the_one_that_the_stages_name() -> None:
    """Each stage reads the file that the page shows, from the variable that the page names."""
    (target,) = CONFIGURATION["targets"]
    assert target["secret_key_env"] in GITHUB["jobs"]["im"]["steps"][2]["env"]
    assert f"environment {{ {target['secret_key_env']} = " in JENKINS
    assert all("--config imdoctor.yaml" in calls(stage) for stage in STAGES)


def test_what_is_kept_is_what_is_written() -> None:
    """What a stage publishes is what its command writes."""
    written = {stage: sorted(re.findall(r"--output \w+=(\S+)", calls(stage))) for stage in STAGES}
    published = {
        "github": [GITHUB["jobs"]["im"]["steps"][3]["with"]["path"]],
        "gitlab": sorted([*GITLAB["artifacts"]["paths"], GITLAB["artifacts"]["reports"]["junit"]]),
        "jenkins": sorted(
            name for names in re.findall(r"(?:junit|artifacts:) '([^']+)'", JENKINS) for name in names.split(",")
        ),
    }
    assert {stage: written[stage] for stage in published} == published


def test_the_groovy_is_balanced() -> None:
    """Every bracket of the Jenkinsfile is closed by its own kind, outside of its texts."""
    opened: list[str] = []
    for character in re.sub(r"'''.*?'''|'[^']*'", "", JENKINS, flags=re.DOTALL):
        if character in OPENING.values():
            opened.append(character)
        elif character in OPENING:
            assert opened.pop() == OPENING[character]
    assert not opened
