"""A check that needs options stands in nobody's way while it is not asked."""

from pathlib import Path

import pytest

from tests.cli.process import Done, imdoctor

PLUGIN = '''
"""A check that needs to be told a number."""

import msgspec

from imdoctor import Observation, Summary


class Options(msgspec.Struct, frozen=True, kw_only=True):
    least: int


class Told(Observation, frozen=True, kw_only=True):
    least: int = 0


class Needy:
    name, title, step, findings, options = "needy", "Is it much?", None, {}, Options

    def plan(self, ctx):
        return ()

    async def observe(self, ctx) -> Told:
        return Told(least=ctx.settings.checks["needy"]["least"])

    def judge(self, seen, settings, others):
        yield Summary(f"at least {seen.least}")


CHECKS = (Needy(),)
'''


def needy(folder: Path, *arguments: str) -> Done:
    """Run the command where a check is installed that needs an option."""
    (folder / "needy.py").write_text(PLUGIN)
    info = folder / "imdoctor_needy-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: imdoctor-needy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[imdoctor.checks]\nneedy = needy:CHECKS\n")
    (folder / "c.yaml").write_text("version: 1\ntargets: [{endpoint: '127.0.0.1:1'}]\n")
    return imdoctor(folder, *arguments, environ={"PYTHONPATH": str(folder)})


ASKED = {
    "all of them": (("run", "--config=c.yaml"), 78),
    "it alone": (("run", "--config=c.yaml", "--check=needy"), 78),
    "another one": (("run", "--config=c.yaml", "--check=client"), 3),
    "all but it": (("run", "--config=c.yaml", "--skip=needy", "--skip=host", "--no-third-party"), 2),
    "a plan of all": (("plan", "--config=c.yaml"), 78),
    "a plan without it": (("plan", "--config=c.yaml", "--skip=needy"), 0),
    "watch without it": (("watch", "--config=c.yaml", "--once", "--state=s", "--check=client"), 3),
    "the file itself": (("config", "check", "c.yaml"), 78),
}


@pytest.mark.parametrize("name", ASKED)
def test_a_check_without_its_options(tmp_path: Path, name: str) -> None:
    """Where it would run, or the whole file is looked at, that is an error; where it is left out, it is none."""
    arguments, code = ASKED[name]
    done = needy(tmp_path, *arguments)
    assert done.code == code, done
    assert ("the check needy needs least: write it under `checks: needy:`" in done.err) == (code == 78)
