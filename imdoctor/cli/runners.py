"""What the runner of a CI job would take for a command of its own, made harmless: what a server said comes to the log as text.

GitHub's runner heeds `::COMMAND::` at a line's beginning, blanks before it or not, and `##[COMMAND]` anywhere in a line, on both of
a step's streams (actions/runner, src/Runner.Common/ActionCommand.cs); the agent of Azure Pipelines heeds `##vso[COMMAND]` besides.
"""

import re
from collections.abc import Mapping

RUNNERS = ("GITHUB_ACTIONS", "TF_BUILD")
"""The variables by which these runners are known to a job."""
APART = "\u200b"
"""A space without width: people do not see it, and a command is none with it."""
AT_THE_BEGINNING = re.compile(r"(?:\A|(?<=[\r\n]))([^\S\r\n]*:)(?=:)")
ANYWHERE = re.compile(r"#(?=#[A-Za-z]*\[)")


def harmless(text: str, environ: Mapping[str, str], form: str = "text") -> str:
    """Return a text of a format as it may stand in a job's log; as it is where no such runner reads it.

    The format `github` consists of commands, which hold whatever a server said escaped. JSON keeps its meaning.
    """
    if form == "github" or not any(environ.get(name) for name in RUNNERS):
        return text
    if form == "json":  # a # stands in strings alone, and no line begins with a colon
        return ANYWHERE.sub(r"\\u0023", text)
    return ANYWHERE.sub(f"#{APART}", AT_THE_BEGINNING.sub(rf"\1{APART}", text))
