"""Completion in real shells: what a press of TAB makes of what is typed; and never an error."""

import os
import pty
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from imdoctor.cli import COMMANDS
from tests.cli.process import environment, imdoctor
from tests.cli.terminal import Screen

UNIQUE = {
    "a command": ("imdoctor jud", "judge"),
    "a command of a group": ("imdoctor usersig ver", "verify"),
    "an option": ("imdoctor run --retry", "--retry-wait"),
    "a target": ("imdoctor run --target pro", "production"),
    "a target of another file": ("imdoctor run --config b.yaml --target be", "beta"),
    "a language": ("imdoctor explain --lang z", "zh"),
    "a code of lint": ("imdoctor explain request.meth", "request.method"),
    "a check": ("imdoctor run --check us", "usersig"),
    "a check that is left out": ("imdoctor run --skip cli", "client"),
    "a finding code": ("imdoctor explain tls.cert-not", "tls.cert-not-yet-valid"),
    "an error code": ("imdoctor explain 800", "80001"),
    "a scenario": ("imdoctor drill tls.not-tls/", "tls.not-tls/ssh"),
    "a format": ("imdoctor run --format mark", "markdown"),
    "a format after =": ("imdoctor run --format=mark", "--format=markdown"),
    "a format of a file": ("imdoctor run --output jun", "junit="),
    "a file": ("imdoctor run --config imd", "imdoctor.yaml"),
    "a file after a format": ("imdoctor run --output json=imd", "json=imdoctor.yaml"),
    "a site": ("imdoctor run adminapiger.im", "adminapiger.im.qcloud.com"),
    "a variable": ("imdoctor run --secret-key-env IM_SEC", "IM_SECRET_KEY"),
    "a report": ("imdoctor judge imd", "imdoctor.yaml"),
    "a word of the command itself": ("imdoctor completion fi", "fish"),
}


NAMES = """
anchors: &common {endpoint: console.tim.qq.com}
targets: [{<<: *common, name: production}, {sdkappid: {}}, {name: 3}, production, {name: [a]}]
"""
"""A configuration that is not in order, with names in it all the same."""

OTHERS = "targets: [{name: beta}, {name: stage one}]"


def environ(home: Path) -> dict[str, str]:
    """Return an environment in which the command is found, with a variable like a user's."""
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    return environment(home, {"PATH": path, "TERM": "dumb", "IM_SECRET_KEY": "none", "PS1": "$ "})


@contextmanager
def typing(home: Path, *command: str) -> Iterator[Callable[[str, str], None]]:
    """Run a shell at a terminal; hand out what types a text, and waits until another has come to the screen since."""
    mine, other = pty.openpty()
    shell = subprocess.Popen(
        command, cwd=home, env=environ(home), stdin=other, stdout=other, stderr=other, start_new_session=True
    )
    os.close(other)
    screen = Screen()
    reader = threading.Thread(target=screen.read, args=(mine,))
    reader.start()

    def types(text: str, awaited: str) -> None:
        with screen.changed:
            screen.text = ""
        os.write(mine, text.encode())
        screen.wait_for(awaited)

    try:
        yield types
    finally:
        shell.kill()
        shell.wait()
        reader.join()
        os.close(mine)


@pytest.mark.parametrize(
    ("start", "setup"),
    [
        pytest.param(
            ("bash", "--norc", "--noprofile", "-i"),
            'eval "$(imdoctor completion bash)"',
            id="bash",
        ),
        pytest.param(
            ("zsh", "-f", "-i"),
            'autoload -Uz compinit; compinit -u -D; eval "$(imdoctor completion zsh)"',
            id="zsh",
            marks=pytest.mark.needs("program:zsh"),
        ),
    ],
)
def test_a_press_of_tab(tmp_path: Path, start: tuple[str, ...], setup: str) -> None:
    """In bash and zsh TAB completes what is unique, and nothing else comes to the screen."""
    (tmp_path / "imdoctor.yaml").write_text(NAMES)
    (tmp_path / "b.yaml").write_text(OTHERS)
    with typing(tmp_path, *start) as types:
        types(f"{setup}; echo rea''dy\n", "ready\n")
        for line, word in UNIQUE.values():
            types(f"{line}\t", word.removeprefix("--format="))  # zsh draws the end alone
            types("\x15\x15echo cle''ar\n", "clear\n")
        types("imdoctor run --config b.yaml --target st\t", "stage\\ one")


@pytest.mark.needs("program:fish")
@pytest.mark.parametrize("name", UNIQUE)
def test_fish_is_told_the_same(tmp_path: Path, name: str) -> None:
    """Fish is given the word that belongs there, and no other."""
    line, word = UNIQUE[name]
    (tmp_path / "imdoctor.yaml").write_text(NAMES)
    (tmp_path / "b.yaml").write_text(OTHERS)
    script = f"imdoctor completion fish | source; complete -C '{line}'"
    done = subprocess.run(
        ["fish", "-c", script], cwd=tmp_path, env=environ(tmp_path), capture_output=True, text=True, check=True
    )
    assert [told.partition("\t")[0] for told in done.stdout.splitlines()] == [word]
    assert done.stderr == ""


def answered(home: Path, *words: str, more: Mapping[str, str] | None = None) -> list[str]:
    """Return what the command answers bash, the last word being typed; nothing may come to standard error."""
    asked = {"_IMDOCTOR_COMPLETE": "bash_complete", "COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    done = imdoctor(home, environ={**asked, **(more or {})})
    assert done.err == ""
    return done.out.split()


def test_what_words_mean_is_told_in_the_users_language(tmp_path: Path) -> None:
    """Zsh and fish show a meaning beside each word: in Chinese where that is spoken."""
    asked = {
        "_IMDOCTOR_COMPLETE": "fish_complete",
        "COMP_WORDS": "imdoctor explain tls.cert-exp",
        "COMP_CWORD": "tls.cert-exp",
    }
    out = imdoctor(tmp_path, environ={**asked, "LANG": "zh_CN.UTF-8"}).out
    assert "tls.cert-expired\t证书已过期" in out


def test_every_command_is_completed(tmp_path: Path) -> None:
    """Every command is there, and what one does not have is not."""
    assert answered(tmp_path, "imdoctor", "") == [f"plain,{name}" for name in COMMANDS]
    assert answered(tmp_path, "imdoctor", "-") == ["plain,--version", "plain,--lang", "plain,-h", "plain,--help"]
    assert "plain,--listen" in answered(tmp_path, "imdoctor", "watch", "--")
    assert "plain,--listen" not in answered(tmp_path, "imdoctor", "run", "--")


WORDS: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "formats": (("run", "--format", "j"), ["plain,json", "plain,junit"]),
    "after =, which bash parts": (("run", "--format", "=", "j"), ["plain,json", "plain,junit"]),
    "right after =": (("run", "--color", "="), ["plain,auto", "plain,always", "plain,never"]),
    "a file after a format": (("run", "--output", "json", "=", "rep"), ["file,rep"]),
    "a file after two =": (("run", "--output", "=", "json", "=", "rep"), ["file,rep"]),
    "right after the second =": (("run", "--output", "=", "json", "="), ["file,"]),
    "the word after": (("run", "--output", "=", "json", "=", "a", "--retri"), ["plain,--retries"]),
    "a word in quotes": (("run", "--check", '"ts'), []),
    "a word that is begun in quotes": (("run", "--check", '"tc'), ["plain,tcp"]),
    "targets": (("run", "--target", ""), ["plain,production", "plain,default", "plain,3"]),
    "a configuration that is named": (("run", "--config", "b.yaml", "--target", ""), ["plain,b"]),
    "one that is not there": (("run", "--config", "gone.yaml", "--target", ""), []),
    "one that is no YAML": (("run", "--config", "bad.yaml", "--target", ""), []),
    "one that is no text": (("run", "--config", "raw.yaml", "--target", ""), []),
    "one without a mapping": (("run", "--config", "list.yaml", "--target", ""), []),
    "watch, which takes none unasked": (("watch", "--target", ""), []),
    "watch with one that is named": (("watch", "--config", "b.yaml", "--target", ""), ["plain,b"]),
    "codes of lint": (("explain", "request.ran"), ["plain,request.random", "plain,request.random-constant"]),
    "no such command": (("rnu", ""), []),
    "no such option": (("run", "--cheks", "tc"), []),
    "a value that is wrong": (("run", "--timeout", "soon", "--chec"), ["plain,--check"]),
    "what needs a number": (("run", "--sdkappid", ""), []),
    "nothing at all": ((), []),
}


@pytest.mark.parametrize("name", WORDS)
def test_words(tmp_path: Path, name: str) -> None:
    """What may stand there is told; where that cannot be known, nothing is, and no error either."""
    words, told = WORDS[name]
    (tmp_path / "imdoctor.yaml").write_text(NAMES)
    (tmp_path / "b.yaml").write_text("targets: [{name: b}]")
    (tmp_path / "bad.yaml").write_text("targets: [")
    (tmp_path / "raw.yaml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "list.yaml").write_text("[targets, [name]]")
    if words:
        assert answered(tmp_path, "imdoctor", *words) == told
    else:
        assert answered(tmp_path) == []


@pytest.mark.parametrize(
    "asked", ["bash_complete", "zsh_complete", "fish_complete", "tcsh_complete", "bash_source", "x"]
)
def test_a_script_that_asks_amiss(tmp_path: Path, asked: str) -> None:
    """Whatever the variables hold, nothing comes to standard error."""
    for words in ({}, {"COMP_WORDS": "imdoctor r", "COMP_CWORD": "one"}, {"COMP_WORDS": "", "COMP_CWORD": "7"}):
        done = imdoctor(tmp_path, environ={"_IMDOCTOR_COMPLETE": asked, **words})
        assert done.err == ""


def test_a_plugin_that_prints_is_not_completed(tmp_path: Path) -> None:
    """What a plugin prints while it is imported does not get among the words, and one that cannot be loaded is left out."""
    (tmp_path / "loud.py").write_text("import sys\nprint('plain,loud')\nprint('oh', file=sys.stderr)\nCHECKS = ()\n")
    info = tmp_path / "imdoctor_loud-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: imdoctor-loud\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[imdoctor.checks]\nloud = loud:CHECKS\ngone = gone:CHECKS\n")
    more = {"PYTHONPATH": str(tmp_path)}
    assert answered(tmp_path, "imdoctor", "run", "--check", "us", more=more) == ["plain,usersig"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_printed(tmp_path: Path, shell: str) -> None:
    """The script is printed whether that shell is here or not, and its errors go nowhere."""
    done = imdoctor(tmp_path, "completion", shell, environ={"PATH": "/nonexistent"})
    assert (done.code, done.err) == (0, "")
    assert f"_IMDOCTOR_COMPLETE={shell}_complete" in done.out
    assert "2>/dev/null" in done.out
    assert imdoctor(tmp_path, "completion", "tcsh").code == 64
