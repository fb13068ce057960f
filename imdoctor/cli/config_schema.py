"""`imdoctor config schema`: the JSON Schema of the configuration, or of the report."""

import json

import click

from imdoctor.cli.jobs import checks_installed, option_types
from imdoctor.cli.options import lang_option
from imdoctor.cli.session import Session


@click.command()
@click.option("--report", is_flag=True, help="The schema of `imdoctor run --format json` instead.")
@lang_option
@click.pass_obj
def schema(session: Session, *, report: bool) -> int:
    """Print the JSON Schema of the configuration, with the options of every installed check; or the report's."""
    if report:
        from imdoctor.render.json import schema as report_schema

        told = report_schema()
    else:
        from imdoctor.config.schema import schema as configuration_schema

        told = configuration_schema(option_types(checks_installed(session)))
    session.say(json.dumps(told, indent=2, ensure_ascii=False) + "\n", "json")
    return 0
