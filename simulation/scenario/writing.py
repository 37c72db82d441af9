"""A scenario back to YAML, with every default written out, and its digest."""

from __future__ import annotations

import json
from hashlib import file_digest, sha256
from typing import Any, Final

import yaml

from simulation.scenario.base import as_list, as_mapping
from simulation.scenario.contacts import ContactFile
from simulation.scenario.model import Scenario
from simulation.scenario.reading import ReadingError, scalar_value

WIDTH: Final = 110

_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _ScenarioDumper(_Dumper):
    """Quotes what YAML 1.1, YAML 1.2 or this package would not read back as text, and times of day."""


def _represent_text(dumper: Any, text: str) -> Any:
    try:
        is_text = scalar_value(text) == text and ":" not in text
    except ReadingError:
        is_text = False
    # YAML 1.1's own words and numbers are quoted by PyYAML itself.
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_text else '"')


_ScenarioDumper.add_representer(str, _represent_text)


def to_yaml(scenario: Scenario) -> str:
    """The scenario as a file: loading it gives an equal scenario."""
    text: str = yaml.dump(
        to_plain(scenario),
        Dumper=_ScenarioDumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=WIDTH,
    )
    return text


def to_plain(scenario: Scenario) -> dict[str, Any]:
    """The scenario as a file holds it, in plain dictionaries, lists and scalars, without what is None."""
    return _without_none(scenario.model_dump(mode="json", by_alias=True))


def inputs_digest(scenario: Scenario) -> str:
    """`sha256:…` of everything that decides a run: the scenario as resolved, and its contact files' bytes.

    Does not depend on how the file was written, nor on where it is.
    """
    digest = sha256(json.dumps(to_plain(scenario), sort_keys=True, separators=(",", ":")).encode())
    for name, campaign in sorted(scenario.campaigns.items()):
        if isinstance(campaign.contacts, ContactFile):
            with (scenario.folder / campaign.contacts.file).open("rb") as file:
                digest.update(name.encode() + file_digest(file, "sha256").digest())
    return f"sha256:{digest.hexdigest()}"


def _without_none(value: Any) -> Any:
    mapping, items = as_mapping(value), as_list(value)
    if mapping is not None:
        return {str(key): _without_none(below) for key, below in mapping.items() if below is not None}
    if items is not None:
        return [_without_none(below) for below in items]
    return value
