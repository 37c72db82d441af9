"""`busyhour schema`: the JSON Schema of scenario files."""

import json

import click


def schema_text() -> str:
    """The JSON Schema of scenario files (draft 2020-12), indented, with a line break at its end."""
    from simulation.scenario.json_schema import json_schema

    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


@click.command()
def schema() -> None:
    """The JSON Schema of scenario files, for editors and checkers.

    Save it and name it in the first line of a scenario, and an editor completes and checks while you type:

    \b
    busyhour schema > scenario.schema.json
    # yaml-language-server: $schema=./scenario.schema.json
    """
    click.echo(schema_text(), nl=False)
