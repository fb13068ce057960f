"""What an installation of the units depends on: this program, its configuration, this systemd; and what stands in its way."""

import re
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from imdoctor.agent.installation import Loaded
from imdoctor.config.credentials import credential_id
from imdoctor.config.model import Config, Target
from imdoctor.config.problems import ConfigError, Problem
from imdoctor.speech import say

HIDDEN: Mapping[str, str] = {
    "/home": "ProtectHome=yes",
    "/root": "ProtectHome=yes",
    "/run/user": "ProtectHome=yes",
    "/tmp": "PrivateTmp=yes",  # noqa: S108 - the folder's name, nothing is written there
    "/var/tmp": "PrivateTmp=yes",  # noqa: S108 - as above
}
"""Folders that the units do not see, and the setting that hides them (systemd.exec(5))."""

LONGEST_ID = 255
"""Bytes of a credential's name, which becomes a file's."""
ANSWERED_WITHIN = 10.0
"""Seconds for `systemctl --version`, which asks nobody."""


def program(interpreter: Path) -> tuple[str, ...]:
    """Return the command of this installation, as its words: the console script beside the interpreter, else the module."""
    script = interpreter.with_name("imdoctor")
    return (str(script),) if script.is_file() else (str(interpreter), "-m", "imdoctor")


def systemd_release(path: str | None) -> int | None:
    """Return the release of this machine's systemd, as systemctl tells it; None where there is none. ``path`` is $PATH."""
    systemctl = shutil.which("systemctl", path=path)
    if systemctl is None:
        return None
    try:
        said = subprocess.run(  # noqa: S603 - the administrator's own systemctl
            [systemctl, "--version"], capture_output=True, text=True, check=False, timeout=ANSWERED_WITHIN
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(r"systemd (\d+)", said)
    return int(found[1]) if found else None


def credentials(config: Config, folder: Path) -> tuple[Loaded, ...]:
    """Return the secrets' files of a configuration in ``folder``, each once. Raises ConfigError for what systemd cannot name."""
    found: dict[str, Loaded] = {}
    problems = []
    for target, key, named in secret_files(config):
        it = Loaded(id=credential_id(named), path=str(folder / named))
        if not it.id.isascii() or not it.id.isprintable() or ":" in it.id or len(it.id) > LONGEST_ID:
            problems.append(
                _problem(
                    target,
                    key,
                    say("{named!r} can be no credential's name: use ASCII letters, without a colon", named=named),
                )
            )
        elif found.setdefault(it.id, it) != it:
            problems.append(
                _problem(
                    target,
                    key,
                    say(
                        "{named!r} and {path!r} have one name, {id!r}: rename one",
                        named=named,
                        path=found[it.id].path,
                        id=it.id,
                    ),
                )
            )
    if problems:
        raise ConfigError(*problems)
    return tuple(sorted(found.values()))


def secret_files(config: Config) -> Iterator[tuple[Target, str, str]]:
    """Yield each target's secret file: the target, the key of the configuration, the path as written."""
    for target in config.targets:
        for key in ("usersig_file", "secret_key_file"):
            if named := getattr(target, key):
                yield target, key, named


def _problem(target: Target, key: str, text: str) -> Problem:
    return Problem(say("target {name}: {key}: {text}", name=target.name, key=key, text=text))


def variables(config: Config) -> tuple[str, ...]:
    """Return the environment variables that a configuration takes secrets from."""
    named = [getattr(target, key) for target in config.targets for key in ("usersig_env", "secret_key_env")]
    return tuple(dict.fromkeys(name for name in (*named, config.events.heartbeat_env) if name))


def hindrance(path: Path, hidden: Mapping[str, str] = HIDDEN) -> str | None:
    """Return why the units' account cannot reach a path: a folder that the units do not see, or that others may not enter."""
    setting = next((hidden[folder] for folder in hidden if path.is_relative_to(folder)), None)
    if setting:
        return say(
            "{path} is out of the units' sight ({setting}): put it elsewhere, such as into /opt or /etc",
            path=path,
            setting=setting,
        )
    closed = next((folder for folder in reversed(path.parents) if not _others_may(folder, stat.S_IXOTH)), None)
    return (
        say(
            "{closed}, on the way to {path}, may be entered by its owner alone: chmod o+x {closed}",
            closed=closed,
            path=path,
        )
        if closed
        else None
    )


def _others_may(path: Path, bit: int) -> bool:
    """Tell whether a folder's or file's mode lets others do something; what is not there yet has no say."""
    try:
        return bool(path.stat().st_mode & bit)
    except OSError:
        return True
