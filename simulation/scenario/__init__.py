"""Scenario files: one YAML file is a planner's what-if, a test and a load profile.

`load(path)` and `loads(text)` give a complete `Scenario` or raise `ScenarioError`.
"""

from simulation.scenario.errors import Problem, ScenarioError
from simulation.scenario.loading import load, loads
from simulation.scenario.model import Scenario

__all__ = ["Problem", "Scenario", "ScenarioError", "load", "loads"]
