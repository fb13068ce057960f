"""What an installation depends on: which command it is, and which paths a unit cannot reach."""

from pathlib import Path

import pytest

from imdoctor.cli.systemd_surroundings import hindrance, program, systemd_release


def test_the_program_is_the_script_beside_the_interpreter(tmp_path: Path) -> None:
    """A console script is called by its path; where there is none, the interpreter runs the module."""
    interpreter = tmp_path / "python3"
    assert program(interpreter) == (str(interpreter), "-m", "imdoctor")
    (tmp_path / "imdoctor").write_text("#!/bin/sh\n")
    assert program(interpreter) == (str(tmp_path / "imdoctor"),)


PLACES = {
    "a system folder": ("/usr/bin/imdoctor", None),
    "a folder of one's own": ("/opt/imdoctor/bin/imdoctor", None),
    "a home": ("/home/ada/venv/bin/imdoctor", "(ProtectHome=yes)"),
    "root's home": ("/root/venv/bin/imdoctor", "(ProtectHome=yes)"),
    "a folder that only begins like one": ("/homes/venv/bin/imdoctor", None),
    "a folder that is private to each unit": ("/var/tmp/venv/bin/imdoctor", "(PrivateTmp=yes)"),  # noqa: S108 - nothing is written there
}


@pytest.mark.parametrize("row", PLACES)
def test_a_path_out_of_sight_is_told_with_the_setting(row: str) -> None:
    """What the units' settings hide is told with the setting that hides it."""
    path, expected = PLACES[row]
    told = hindrance(Path(path))
    assert told is None if expected is None else expected in str(told)


@pytest.mark.parametrize(("mode", "told"), [(0o755, False), (0o711, False), (0o750, True), (0o700, True)])
def test_a_closed_folder_on_the_way_is_told(tmp_path: Path, mode: int, told: bool) -> None:
    """The units run as a user of their own: a folder that others may not enter keeps them out."""
    for folder in (tmp_path, *tmp_path.parents[:2]):  # pytest's own are closed
        folder.chmod(0o755)
    (tmp_path / "venv/bin").mkdir(parents=True)
    (tmp_path / "venv").chmod(mode)
    found = hindrance(tmp_path / "venv/bin/imdoctor", hidden={})
    expected = f"{tmp_path}/venv, on the way to {tmp_path}/venv/bin/imdoctor, may be entered by its owner alone"
    assert (found is not None) == told
    assert found is None or found.startswith(expected)


SYSTEMCTLS = {
    "Debian 12": ("echo 'systemd 252 (252.39-1~deb12u2)'", 252),
    "a release candidate": ("echo 'systemd 258~rc1 (258~rc1-1)'", 258),
    "another program": ("echo 'systemctl of something else'", None),
    "it fails": ("exit 1", None),
}


@pytest.mark.parametrize("row", SYSTEMCTLS)
def test_the_release_is_what_systemctl_says(row: str, tmp_path: Path) -> None:
    """The release is the number behind systemd's name; without one it is not known."""
    script, expected = SYSTEMCTLS[row]
    (tmp_path / "systemctl").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "systemctl").chmod(0o755)
    assert systemd_release(str(tmp_path)) == expected


def test_without_systemctl_the_release_is_not_known(tmp_path: Path) -> None:
    """A machine without systemd, such as the one that builds an image, has no release."""
    assert systemd_release(str(tmp_path)) is None
