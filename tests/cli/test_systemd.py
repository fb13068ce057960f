"""`imdoctor systemd`: which files are written where, what is refused, what is taken away, and what systemd says of them."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.process import Done, here, imdoctor

CONFIG = """\
version: 1
targets:
  - {name: prod, sdkappid: 1400000000, identifier: administrator, usersig_file: usersig}
  - {name: second, sdkappid: 1400000001, identifier: administrator, secret_key_file: "/srv/my keys/50%"}
schedule: {every: 5m}
"""
TIMER = ["imdoctor-alert@.service", "imdoctor.service", "imdoctor.timer"]
TIMER_DROP_INS = ["imdoctor.service.d/20-credentials.conf", "imdoctor.timer.d/10-schedule.conf"]
WATCH = ["imdoctor-watch.service", "imdoctor-watch.service.d/20-credentials.conf"]
MOST_EXPOSED = 15
"""The most that systemd-analyze security may say of a service, in tenths."""


def configured(root: Path, text: str = CONFIG) -> Path:
    """Return a root with a configuration in it."""
    folder = root / "etc/imdoctor"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "imdoctor.yaml").write_text(text)
    return root


def installed(root: Path, *arguments: str, cwd: Path | None = None) -> Done:
    """Install below a root."""
    return here(cwd or root, "systemd", "install", "--prefix", str(root), *arguments)


def units(root: Path) -> list[str]:
    """Return the files in the folder of the units."""
    folder = root / "etc/systemd/system"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() or path.is_symlink())


def test_install_writes_the_units_and_says_what_is_next(tmp_path: Path) -> None:
    """Units and drop-ins are written, each is named, and what to type next stands at the end."""
    done = installed(configured(tmp_path))
    assert done.code == 0, done.err
    assert units(tmp_path) == sorted(TIMER + TIMER_DROP_INS)
    written = [line for line in done.out.splitlines() if line.endswith(": written")]
    assert len(written) == len(TIMER + TIMER_DROP_INS)
    assert done.out.splitlines()[-2:] == ["Next:", f"  systemctl --root={tmp_path} enable imdoctor.timer"]


def test_the_other_way_is_the_agent(tmp_path: Path) -> None:
    """--watch writes the agent's unit; that the timer is there too is worth a warning."""
    assert installed(configured(tmp_path), "--watch").code == 0
    assert units(tmp_path) == WATCH
    assert "one of them is enough" not in installed(tmp_path, "--watch").err
    assert (
        f"one of them is enough: systemctl --root={tmp_path} disable --now imdoctor-watch.service"
        in installed(tmp_path).err
    )


def test_credentials_are_loaded_from_where_the_configuration_names_them(tmp_path: Path) -> None:
    """A relative path starts from the configuration's folder as the root knows it; a path's name has no slash."""
    installed(configured(tmp_path))
    text = (tmp_path / "etc/systemd/system/imdoctor.service.d/20-credentials.conf").read_text()
    assert text.splitlines()[1:] == [
        "[Service]",
        "LoadCredential=srv-my keys-50%%:/srv/my keys/50%%",
        "LoadCredential=usersig:/etc/imdoctor/usersig",
    ]


CONFIGURATIONS = {
    "as the root knows it": "/etc/elsewhere.yaml",
    "as it is called from outside": "{root}/etc/elsewhere.yaml",
    "relative": "etc/elsewhere.yaml",
}


@pytest.mark.parametrize("row", CONFIGURATIONS)
def test_a_configuration_is_found_within_the_root(row: str, tmp_path: Path) -> None:
    """However it is named, the units know it by its path within the root."""
    configured(tmp_path)
    (tmp_path / "etc/imdoctor/imdoctor.yaml").rename(tmp_path / "etc/elsewhere.yaml")
    done = installed(tmp_path, "--config", CONFIGURATIONS[row].format(root=tmp_path))
    assert "no credentials" not in done.err
    assert " --config /etc/elsewhere.yaml " in (tmp_path / "etc/systemd/system/imdoctor.service").read_text()
    assert ":/etc/usersig\n" in (tmp_path / "etc/systemd/system/imdoctor.service.d/20-credentials.conf").read_text()


def test_without_a_configuration_the_units_are_written(tmp_path: Path) -> None:
    """The units come first and the configuration later: that there is none yet is said."""
    done = installed(tmp_path)
    assert (done.code, units(tmp_path)) == (0, TIMER)
    assert "there is no /etc/imdoctor/imdoctor.yaml yet" in done.err


def test_a_bad_configuration_is_refused(tmp_path: Path) -> None:
    """Nothing is written for a configuration with an error, which stands at its place."""
    done = installed(configured(tmp_path, "version: 2\n"))
    assert (done.code, units(tmp_path)) == (78, [])
    assert done.err.startswith(f"{tmp_path}/etc/imdoctor/imdoctor.yaml:1:10: version")


NAMES = {
    "one name for two files": (("a/key", "a-key"), "have one name, 'a-key': rename one"),
    "a colon": (("a:b",), "use ASCII letters, without a colon"),
    "no ASCII": (("schlüssel",), "use ASCII letters, without a colon"),
}


@pytest.mark.parametrize("row", NAMES)
def test_a_secret_that_systemd_cannot_name_is_refused(row: str, tmp_path: Path) -> None:
    """A path that makes no credential's name, or the same as another, is an error of the configuration."""
    paths, sentence = NAMES[row]
    targets = [
        f'  - {{name: t{number}, sdkappid: 1400000000, identifier: a, secret_key_file: "{path}"}}\n'
        for number, path in enumerate(paths)
    ]
    done = installed(configured(tmp_path, "version: 1\ntargets:\n" + "".join(targets)))
    assert (done.code, units(tmp_path)) == (78, [])
    assert sentence in done.err


def test_dry_run_prints_what_install_writes(tmp_path: Path) -> None:
    """--dry-run prints every file under its path, and writes nothing."""
    done = installed(configured(tmp_path), "--dry-run")
    assert (done.code, units(tmp_path)) == (0, [])
    installed(tmp_path)
    folder = tmp_path / "etc/systemd/system"
    for name in TIMER + TIMER_DROP_INS:
        assert f"# {folder / name}\n{(folder / name).read_text()}" in done.out


def test_installing_again_changes_nothing(tmp_path: Path) -> None:
    """The second installation finds every file as it was."""
    installed(configured(tmp_path))
    before = {name: (tmp_path / "etc/systemd/system" / name).stat().st_mtime_ns for name in units(tmp_path)}
    done = installed(tmp_path)
    assert done.out.count(": as it was") == len(before)
    assert {name: (tmp_path / "etc/systemd/system" / name).stat().st_mtime_ns for name in units(tmp_path)} == before


def test_installing_again_follows_the_configuration(tmp_path: Path) -> None:
    """A credential that is no longer named leaves no drop-in, which would keep the unit from starting."""
    installed(configured(tmp_path))
    configured(tmp_path, "version: 1\nschedule: {every: 10m}\n")
    done = installed(tmp_path)
    assert done.code == 0, done.err
    assert units(tmp_path) == sorted([*TIMER, "imdoctor.timer.d/10-schedule.conf"])
    assert "OnCalendar=*:0/10\n" in (tmp_path / "etc/systemd/system/imdoctor.timer.d/10-schedule.conf").read_text()


def masked(path: Path) -> None:
    """Mask a unit, as systemctl does."""
    path.unlink()
    path.symlink_to(os.devnull)


FOREIGN: dict[str, tuple[str, Callable[[Path], object]]] = {
    "somebody else's unit": ("imdoctor.timer", lambda path: path.write_text("[Timer]\nOnCalendar=daily\n")),
    "a changed unit": ("imdoctor.service", lambda path: path.write_text(path.read_text() + "Nice=5\n")),
    "a masked unit": ("imdoctor.timer", masked),
    "no text": ("imdoctor.service", lambda path: path.write_bytes(b"\xff")),
}


@pytest.mark.parametrize("row", FOREIGN)
def test_what_is_not_ours_is_refused_and_left(row: str, tmp_path: Path) -> None:
    """A file that install did not write, or that was changed since, is named; nothing is written, and uninstall leaves it."""
    name, change = FOREIGN[row]
    installed(configured(tmp_path))
    path = tmp_path / "etc/systemd/system" / name
    change(path)
    before = path.read_bytes()
    configured(tmp_path, CONFIG.replace("5m", "10m"))
    done = installed(tmp_path)
    assert (done.code, done.out) == (74, "")
    assert f"{path}: there already" in done.err
    assert "OnCalendar=*:0/5\n" in (tmp_path / "etc/systemd/system/imdoctor.timer.d/10-schedule.conf").read_text()
    done = here(tmp_path, "systemd", "uninstall", "--prefix", str(tmp_path))
    assert (done.code, units(tmp_path), path.read_bytes()) == (0, [name], before)
    assert f"{path}: left, since" in done.out


def test_uninstall_takes_away_just_what_install_wrote(tmp_path: Path) -> None:
    """After uninstall the root is as it was, but for what others wrote."""
    installed(configured(tmp_path))
    installed(tmp_path, "--watch")
    folder = tmp_path / "etc/systemd/system"
    (folder / "other.service").write_text("[Service]\n")
    (folder / "imdoctor.service.d/override.conf").write_text("[Service]\nNice=5\n")
    done = here(tmp_path, "systemd", "uninstall", "--prefix", str(tmp_path))
    assert done.code == 0, done.err
    assert sorted(path.name for path in folder.rglob("*")) == ["imdoctor.service.d", "other.service", "override.conf"]
    assert f"{folder}/imdoctor.service.d/override.conf: left" in done.out
    again = here(tmp_path / "empty", "systemd", "uninstall", "--prefix", str(tmp_path / "empty"))
    assert (again.code, again.out) == (0, f"{tmp_path}/empty/etc/systemd/system: nothing of imdoctor's is there\n")


def test_an_enabled_unit_is_disabled_first(tmp_path: Path) -> None:
    """A unit whose file is gone cannot be disabled: uninstall says what to type, and takes nothing away."""
    installed(configured(tmp_path))
    wants = tmp_path / "etc/systemd/system/timers.target.wants"
    wants.mkdir()
    (wants / "imdoctor.timer").symlink_to("/etc/systemd/system/imdoctor.timer")
    before = units(tmp_path)
    done = here(tmp_path, "systemd", "uninstall", "--prefix", str(tmp_path))
    assert (done.code, units(tmp_path)) == (74, before)
    assert "disable --now imdoctor.timer`" in done.err


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_a_folder_that_cannot_be_written_is_a_sentence(command: str, tmp_path: Path) -> None:
    """Where something stands in the way of the folder, the error says what, of which file, and what to do."""
    (tmp_path / "etc").write_text("no folder")
    done = here(tmp_path, "systemd", command, "--prefix", str(tmp_path))
    if command == "install":
        assert done.code == 74
        assert "imdoctor.service could not be written: " in done.err
        assert "run this as root" in done.err
    else:
        assert done.code == 0


def test_the_two_ways_exclude_each_other(tmp_path: Path) -> None:
    """--timer and --watch at once are a usage error."""
    assert installed(tmp_path, "--timer", "--watch").code == 64


HINDRANCES = {
    "the configuration is its owner's alone": (0o600, "/etc/imdoctor/imdoctor.yaml may be read by its owner alone"),
    "a secret is missing": (
        0o644,
        "/etc/imdoctor/usersig is not there, and without it imdoctor.service does not start",
    ),
}


@pytest.mark.parametrize("row", HINDRANCES)
def test_what_keeps_the_units_from_their_work_is_a_warning(row: str, tmp_path: Path) -> None:
    """What the units could not read is told when they are installed."""
    mode, sentence = HINDRANCES[row]
    (configured(tmp_path) / "etc/imdoctor/imdoctor.yaml").chmod(mode)
    done = installed(tmp_path)
    assert done.code == 0
    assert sentence in done.err


def test_a_secret_in_a_variable_is_a_warning(tmp_path: Path) -> None:
    """A unit has no environment of its own accord: a secret's variable is worth a word."""
    text = "version: 1\ntargets:\n  - {sdkappid: 1400000000, identifier: a, secret_key_env: IM_KEY}\n"
    assert "comes from the variable IM_KEY" in installed(configured(tmp_path, text)).err


@pytest.mark.parametrize(("release", "there"), [("252", False), ("255", True)])
def test_the_type_follows_the_machines_systemd(release: str, there: bool, tmp_path: Path) -> None:
    """notify-reload is written where systemctl says that it is known."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/systemctl").write_text(f"#!/bin/sh\necho 'systemd {release} ({release}.1-1)'\n")
    (tmp_path / "bin/systemctl").chmod(0o755)
    arguments = ("systemd", "install", "--watch", "--prefix", str(tmp_path))
    here(tmp_path, *arguments, environ={"PATH": f"{tmp_path}/bin:/usr/bin:/bin"})
    assert ("imdoctor-watch.service.d/30-type.conf" in units(tmp_path)) == there


@pytest.mark.needs("program:systemd-analyze")
@pytest.mark.parametrize("way", ["--timer", "--watch"])
def test_systemd_finds_nothing_wrong(way: str, tmp_path: Path) -> None:
    """`systemd-analyze verify` is silent about what is installed, and `security` says that little of the machine is exposed."""
    installed(configured(tmp_path), way)
    folder = tmp_path / "etc/systemd/system"
    for path in folder.glob("imdoctor*.*"):
        if path.is_dir():
            continue
        asked = path.with_name(path.name.replace("@.", "@x."))
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", asked], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, ""), path
        if path.suffix == ".service":
            command = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(path)]
            judged = subprocess.run(command, capture_output=True, text=True, check=False)
            assert judged.returncode == 0, judged.stdout + judged.stderr


def test_help_names_the_commands(tmp_path: Path) -> None:
    """The group's help shows every command, without importing any."""
    done = imdoctor(tmp_path, "systemd", "--help")
    assert done.code == 0
    assert all(f"\n  {command} " in done.out for command in ("install", "uninstall", "alert"))
