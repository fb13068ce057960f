"""`imdoctor completion SHELL`: the script that has a shell complete what is typed, and the answers that the script asks for."""

import io
import os
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from imdoctor.cli import ASKED
from imdoctor.cli.lazy import LANG
from imdoctor.cli.session import Session

BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' type value
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            file) compopt -o default ;;
            dir) compopt -o dirnames ;;
            plain)
                COMPREPLY+=("$value")
                [[ $value == *= ]] && compopt -o nospace
                [[ $value == *[[:space:]]* ]] && compopt -o filenames  # which are quoted
                ;;
        esac
    done < <(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD="$COMP_CWORD" %(complete_var)s=bash_complete "$1" 2>/dev/null)
    return 0
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class Bash(BashComplete):
    """Bash, which takes the = out of a word as a word of its own (COMP_WORDBREAKS, bash(1)). 4.4 is the oldest that serves."""

    source_template = BASH

    def source(self) -> str:
        """Return the script, without asking which bash there is: it is for another process."""
        return ShellComplete.source(self)

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words that are whole, and the one that is not."""
        last = int(os.environ["COMP_CWORD"])
        words = os.environ["COMP_WORDS"].split("\n")[1 : last + 1]
        joined = _joined(words)
        return joined[:-1], joined[-1]


def _joined(words: Sequence[str]) -> list[str]:
    """Put together what stood around a =, but an option and its value, which click takes apart."""
    joined: list[str] = []
    parted = False
    for word in (quoted.strip("\"'") for quoted in words):
        if word == "=" and joined:
            if joined[-1].startswith("--"):
                joined.append("")
            else:
                joined[-1] += "="
        elif parted:
            joined[-1] += word
        else:
            joined.append(word)
        parted = word == "="
    return joined


ZSH = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local -a alone described answer
    local type value told
    answer=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) %(complete_var)s=zsh_complete ${~words[1]} 2>/dev/null)}")
    [[ $PREFIX == --*=* ]] && compset -P "*="
    for type value told in $answer; do
        case $type in
            file) compset -P "*="; _path_files -f ;;
            dir) compset -P "*="; _path_files -/ ;;
            plain)
                if [[ $value == *= ]]; then
                    compadd -U -S "" -- "$value"
                elif [[ $told == _ ]]; then
                    alone+=("$value")
                else
                    described+=("$value:$told")
                fi
                ;;
        esac
    done
    (( $#described )) && _describe -V unsorted described -U
    (( $#alone )) && compadd -U -V unsorted -a alone
    return 0
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""


class Zsh(ZshComplete):
    """zsh, which leaves the = in a word: what stands before it is set aside by the script (compset, zshcompwid(1))."""

    source_template = ZSH


FISH = """\
function %(complete_func)s
    set -l before (string match -r -- "^.*=" (commandline -ct))
    for answer in (env COMP_WORDS=(commandline -cp) COMP_CWORD=(commandline -ct) %(complete_var)s=fish_complete %(prog_name)s 2>/dev/null)
        set -l parts (string split -m 1 , -- $answer)
        switch $parts[1]
            case file
                for path in (__fish_complete_path $parts[2])
                    echo "$before$path"
                end
            case dir
                __fish_complete_directories $parts[2]
            case plain
                echo "$before$parts[2]"
        end
    end
end

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


class Fish(FishComplete):
    """fish, which leaves the = in a word, and wants what stands before it back."""

    source_template = FISH


SHELLS: dict[str, type[ShellComplete]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}


@click.command()
@click.argument("shell", type=click.Choice(list(SHELLS)))
@click.option("--answer", is_flag=True, hidden=True, help="Answer the script.")
@click.option("--lang", **LANG)
@click.pass_context
def completion(ctx: click.Context, *, shell: str, answer: bool) -> int:
    """Print the script that has a shell complete commands, options, targets, checks, codes and scenarios.

    For bash and zsh `eval "$(imdoctor completion SHELL)"` in ~/.bashrc or ~/.zshrc, for fish `imdoctor completion fish` into
    ~/.config/fish/completions/imdoctor.fish.
    """
    session: Session = ctx.obj
    root = ctx.find_root().command
    asked = SHELLS[shell](root, {"obj": session}, "imdoctor", ASKED)
    session.say(_answer(asked) if answer else asked.source())
    return 0


def _answer(asked: ShellComplete) -> str:
    """Return what may stand where the cursor is. What a plugin prints while it is imported is no part of that."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        return f"{asked.complete()}\n"
