"""Names that somebody gave: of targets, hosts and keys. None is translated, though the catalogue has the same word."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from imdoctor.agent import own_events
from imdoctor.agent.events import Event, of_change, verdict
from imdoctor.agent.record import CauseSeen, RunRecord
from imdoctor.agent.state import Change, Incident
from imdoctor.model import Report
from imdoctor.render import FORMATS, Style
from imdoctor.speech import NAMES, catalogue, retold, say, speaking
from tests.cli.process import CHINA, here
from tests.render.worlds import judged_in_chinese

CAUSE = CauseSeen(code="tls.cert-expired", severity="fail", title="The certificate has expired", remedy="Renew it.")
RUN = RunRecord(target="?", at=0.0, seconds=0.1, status="fail", causes=(CAUSE,))


@pytest.mark.parametrize("field", sorted(NAMES))
def test_a_name_fills_its_field_as_it_stands(field: str) -> None:
    """What stands under a field for names is said as it is, and told again so; in any other field it is a word."""
    with speaking("zh"):
        assert say("{who}: {told}", who="timeout", told="reset") == "超时：被重置"
        assert say(f"{{{field}}} ({{endpoint}})", **{field: "timeout"}, endpoint="reset").startswith("timeout")
        assert say("{who!r}", who="timeout") == "'timeout'"
        assert retold("no address for reset: timeout") == "得不到 reset 的地址：超时"


def _changed(name: str) -> Event:
    incident = Incident(began=0.0, confirmed_at=0.0, status="fail", causes=(CAUSE,), count=2)
    return of_change(
        Change(kind="opened", target=name, at=60.0, before="ok", status="fail", incident=incident), host=name
    )


EVENTS: dict[str, Callable[[str], Event]] = {
    "a change, and the host that saw it": _changed,
    "the verdict": lambda name: verdict([replace(RUN, target=name)], name),
    "missed slots": lambda name: own_events.missed(name, 2),
    "a credential": lambda name: own_events.unreadable(name, "is not text"),
    "a defect": lambda name: own_events.defect(name, ValueError("x")),
}


@pytest.mark.parametrize("name", ["timeout", "China"])
@pytest.mark.parametrize("row", EVENTS)
def test_events(row: str, name: str) -> None:
    """An event says the name of its target and its host as they are."""
    assert name in catalogue("zh")
    with speaking("zh"):
        assert EVENTS[row](name).message == EVENTS[row]("no-word").message.replace("no-word", name)


def called(report: Report, name: str) -> Report:
    """Return a report of the same on a host, and of targets, of this name."""
    targets = [replace(target, name=name) for target in report.targets]
    return replace(report, host=replace(report.host, name=name), targets=targets)


def several(report: Report) -> Report:
    """Return a report of two targets."""
    return replace(report, targets=[*report.targets, *report.targets])


@pytest.mark.parametrize("many", [False, True], ids=["one target", "two targets"])
@pytest.mark.parametrize("form", sorted(FORMATS))
def test_reports(form: str, *, many: bool) -> None:
    """Every format shows the name of a target and of the host as they are."""
    report = judged_in_chinese()["tls.intercepted.inspector.zh"]
    report = several(report) if many else report
    with speaking("zh"):
        for style in (Style(), Style(quiet=True)):
            word, other = (FORMATS[form](called(report, name), style) for name in ("timeout", "xxxxxxx"))
            assert word == other.replace("xxxxxxx", "timeout")


CONFIGURATIONS: dict[str, tuple[str, Sequence[str]]] = {
    "a key that is near": ("targets: [{timeot: 5s}]", ["1:12: 未知的键 'timeot'：是不是想写 timeout？"]),
    "a key's own name": ("targets: [{timeout: [3]}]", ["1:21: timeout：此处应为单个值"]),
    "a key as an example": ("[]", ["1:1: configuration：应为映射：请写键和值，例如 `version: …`"]),
    "a language": ("targets: [{lang: zh_CN}]", ["1:18: lang: 应为 en, zh 之一：是不是想写 zh？"]),
}


@pytest.mark.parametrize("row", CONFIGURATIONS)
def test_configurations(tmp_path: Path, row: str) -> None:
    """A key is called by its name in the errors of a configuration."""
    text, problems = CONFIGURATIONS[row]
    file = tmp_path / "c.yaml"
    file.write_text(text)
    done = here(tmp_path, "config", "check", str(file), environ=CHINA)
    assert (done.code, done.err.splitlines()) == (78, [f"{file}:{problem}" for problem in problems])
