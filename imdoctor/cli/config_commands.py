"""`imdoctor config check`, `init` and `schema`."""

import json
from pathlib import Path

import click

from imdoctor.cli.jobs import checks_installed, jobs_of, option_types
from imdoctor.cli.options import PATH, config_option
from imdoctor.cli.session import OutputError, Session
from imdoctor.config import load
from imdoctor.config.problems import ConfigError, Problem
from imdoctor.config.schema import schema as configuration_schema


@click.command()
@click.argument("file", required=False, type=PATH)
@config_option
@click.pass_obj
def check(session: Session, file: Path | None, config: Path | None) -> int:
    """Check a configuration file (default: the one that `run` would read), and read the secrets that it names.

    Everything that is wrong is told at once, each as file:line:column, and the exit code is 78.
    """
    path = file or config or load.find(session.environ, session.cwd)
    if path is None:
        places = "./imdoctor.yaml, $XDG_CONFIG_HOME/imdoctor/imdoctor.yaml, /etc/imdoctor/imdoctor.yaml"
        raise ConfigError(Problem(f"there is no configuration ({places}): name one"))
    installed = checks_installed(session)
    found = load.load(path, option_types(installed))
    jobs = jobs_of(found, found.targets, installed, path.parent, session, third_party=True)
    names = ", ".join(job.name for job in jobs)
    session.say(f"{path}: good: {len(jobs)} target{'s' if len(jobs) > 1 else ''} ({names})\n")
    return 0


@click.command()
@click.argument("file", required=False, type=PATH)
@click.pass_obj
def init(session: Session, file: Path | None) -> int:
    """Print a commented configuration, or write it to FILE, which must not be there yet."""
    from importlib import resources

    text = resources.files("imdoctor.config").joinpath("example.yaml").read_text("utf-8")
    if file is None:
        session.say(text)
        return 0
    try:
        with (session.cwd / file).open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise OutputError(f"{file} is there already: name another, or take it away first") from None
    except OSError as error:
        raise OutputError(f"{file} could not be written: {error.strerror}") from None
    session.say(f"{file}: written; put your own values in, then `imdoctor config check {file}`\n")
    return 0


@click.command()
@click.option("--report", is_flag=True, help="The schema of `imdoctor run --format json` instead.")
@click.pass_obj
def schema(session: Session, *, report: bool) -> int:
    """Print the JSON Schema of the configuration, with the options of every installed check; or the report's."""
    if report:
        from imdoctor.render.json import schema as report_schema

        told = report_schema()
    else:
        told = configuration_schema(option_types(checks_installed(session)))
    session.say(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    return 0
