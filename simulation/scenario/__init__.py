"""Scenario files: one YAML file is a planner's what-if, a test and a load profile.

`load(path)` and `loads(text)` give a complete `Scenario` or raise `ScenarioError`.
"""

from simulation.scenario.contact_files import contact_count, contact_rows
from simulation.scenario.errors import Problem, ScenarioError
from simulation.scenario.loading import load, loads
from simulation.scenario.model import Scenario
from simulation.scenario.writing import inputs_digest, to_yaml

__all__ = [
    "Problem",
    "Scenario",
    "ScenarioError",
    "contact_count",
    "contact_rows",
    "inputs_digest",
    "load",
    "loads",
    "to_yaml",
]
