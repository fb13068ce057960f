"""The units' texts: paths, periods, credentials, and the seal that tells a later change."""

import shutil
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.agent.installation import Installation, Loaded, Way, calendar, files, is_ours, possible, sealed

PROGRAM = ("/opt/imdoctor/bin/imdoctor",)
SERVICES = ("imdoctor.service", "imdoctor-watch.service", "imdoctor-alert@.service")
SHARED = "# From here on the same in every unit of imdoctor"


def installed(way: Way = "timer", **fields: Any) -> dict[str, str]:
    """Return an installation's files."""
    return files(Installation(way=way, program=PROGRAM, **fields))


def test_without_a_configuration_there_are_only_units() -> None:
    """Each way has its units; without a configuration there is nothing to say in a drop-in."""
    assert sorted(installed()) == ["imdoctor-alert@.service", "imdoctor.service", "imdoctor.timer"]
    assert sorted(installed("watch")) == ["imdoctor-watch.service"]


@pytest.mark.parametrize("way", ["timer", "watch"])
def test_every_file_is_a_possible_one(way: Way) -> None:
    """Whatever an installation writes is among the files that a later one looks for."""
    loaded = (Loaded(id="sig", path="/etc/imdoctor/sig"),)
    assert set(installed(way, every=60.0, credentials=loaded, systemd=253)) <= set(possible(way))


COMMANDS = {
    "a console script": (
        ("/opt/imdoctor/bin/imdoctor",),
        "/etc/i.yaml",
        "/opt/imdoctor/bin/imdoctor run --config /etc/i.yaml ",
    ),
    "a module": (
        ("/usr/bin/python3", "-m", "imdoctor"),
        "/etc/i.yaml",
        "/usr/bin/python3 -m imdoctor run --config /etc/i.yaml ",
    ),
    "a space is quoted": (
        ("/opt/my tools/imdoctor",),
        "/etc/my i.yaml",
        '"/opt/my tools/imdoctor" run --config "/etc/my i.yaml" ',
    ),
    "a per cent sign is doubled": (
        ("/opt/5%n/imdoctor",),
        "/etc/i.yaml",
        "/opt/5%%n/imdoctor run --config /etc/i.yaml ",
    ),
}


@pytest.mark.parametrize("row", COMMANDS)
def test_the_command_is_this_installations(row: str) -> None:
    """The units call the program and name the configuration as systemd reads them."""
    program, config, expected = COMMANDS[row]
    text = files(Installation(way="timer", program=program, config=config))["imdoctor.service"]
    assert f"\nExecStart={expected}" in text
    assert "/usr/bin/env" not in text


@pytest.mark.parametrize("path", ['/a"b', "/a'b", "/a\\b", "/a$b", "/a\nb"])
def test_a_path_that_no_unit_can_hold_is_refused(path: str) -> None:
    """A path with a character that systemd reads in its own way is refused, as program, configuration and secret."""
    for wanted in (
        Installation(way="timer", program=(path,)),
        Installation(way="timer", program=PROGRAM, config=path),
        Installation(way="timer", program=PROGRAM, credentials=(Loaded(id="sig", path=path),)),
    ):
        with pytest.raises(ValueError, match="rename or move it"):
            files(wanted)


PERIODS = {
    "a second": (1.0, "*:*:0/1"),
    "not a divisor of a minute": (7.0, None),
    "half a minute": (30.0, "*:*:0/30"),
    "a minute": (60.0, "*:0/1"),
    "a minute and a half": (90.0, None),
    "five minutes": (300.0, "*:0/5"),
    "half an hour": (1800.0, "*:0/30"),
    "an hour": (3600.0, "0/1:00"),
    "half a day": (43200.0, "0/12:00"),
    "a day": (86400.0, None),
    "parts of a second": (1.5, None),
}


@pytest.mark.parametrize("row", PERIODS)
def test_a_period_is_a_calendar_event_where_it_divides(row: str) -> None:
    """What divides a minute, an hour or a day is a calendar event; for the rest there is none."""
    every, expected = PERIODS[row]
    assert calendar(every) == expected


def test_the_schedule_takes_the_shipped_one_back() -> None:
    """A drop-in adds to the unit's list of times, so the first line empties that list."""
    for every in (300.0, 90.0):
        lines = installed(every=every, jitter=0.1)["imdoctor.timer.d/10-schedule.conf"].splitlines()
        assert lines[1:3] == ["[Timer]", "OnCalendar="]


def test_credentials_belong_to_the_unit_that_runs() -> None:
    """Each way's drop-in is for the unit that reads the secrets."""
    loaded = (Loaded(id="etc-50%", path="/etc/50%"),)
    assert (
        "\nLoadCredential=etc-50%%:/etc/50%%\n"
        in installed(credentials=loaded)["imdoctor.service.d/20-credentials.conf"]
    )
    assert "imdoctor-watch.service.d/20-credentials.conf" in installed("watch", credentials=loaded)


@pytest.mark.parametrize(("release", "there"), [(None, False), (252, False), (253, True), (257, True)])
def test_notify_reload_needs_systemd_253(release: int | None, there: bool) -> None:
    """Type=notify-reload is written where systemd knows it, and takes ExecReload= back."""
    text = installed("watch", systemd=release).get("imdoctor-watch.service.d/30-type.conf")
    assert (text is not None) == there
    assert text is None or text.endswith("[Service]\nType=notify-reload\nExecReload=\n")


@given(st.text(), st.integers(0), st.characters())
def test_the_seal_breaks_with_any_change(text: str, place: int, character: str) -> None:
    """A sealed text is ours, and no longer when a character was put into it."""
    whole = sealed(text)
    cut = place % (len(whole) + 1)
    changed = whole[:cut] + character + whole[cut:]
    assert is_ours(whole)
    assert not is_ours(changed) or changed == whole


def test_the_services_are_hardened_alike() -> None:
    """What keeps the units from the machine is the same, word for word, in all of them."""
    texts = [resources.files("imdoctor.agent").joinpath("units", name).read_text("utf-8") for name in SERVICES]
    blocks = {text.partition(SHARED)[2].partition("\n\n")[0].strip() for text in texts}
    assert len(blocks) == 1
    assert "SystemCallFilter" in blocks.pop()


def test_the_folder_of_the_units_is_the_packages() -> None:
    """The units that the repository shows are those that the package holds."""
    shown = Path(__file__).parents[2] / "systemd"
    held = resources.files("imdoctor.agent").joinpath("units")
    assert {it.name: it.read_text("utf-8") for it in held.iterdir()} == {
        it.name: it.read_text("utf-8") for it in shown.iterdir()
    }


@pytest.mark.needs("program:systemd-analyze")
@pytest.mark.parametrize("row", PERIODS)
def test_systemd_reads_the_schedule(row: str, tmp_path: Path) -> None:
    """The drop-in of any period is read without a word."""
    (tmp_path / "imdoctor.timer.d").mkdir()
    (tmp_path / "imdoctor.service").write_text("[Service]\nExecStart=true\n")
    for name, text in installed(every=PERIODS[row][0], jitter=0.1).items():
        if name.startswith("imdoctor.timer"):
            (tmp_path / name).write_text(text)
    done = subprocess.run(
        [str(shutil.which("systemd-analyze")), "verify", "--man=no", str(tmp_path / "imdoctor.timer")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
