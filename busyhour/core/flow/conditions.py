"""Whether a branch's condition holds. Texts are compared without case, numbers as numbers."""

from busyhour.core.flow.nodes import Condition
from busyhour.core.flow.templates import Variables
from busyhour.core.flow.values import number_of


def holds(condition: Condition, variables: Variables) -> bool:
    value = variables.find(condition.variable)
    comparison = condition.comparison
    is_set = value is not None and value != ""
    if comparison == "set":
        return is_set
    if comparison == "not_set":
        return not is_set
    text = "" if value is None else value.strip().casefold()
    wanted = condition.value.strip().casefold()
    if comparison == "equals":
        return text == wanted
    if comparison == "not_equals":
        return text != wanted
    if comparison == "contains":
        return wanted in text
    if comparison == "one_of":
        for each in condition.values:
            if text == each.strip().casefold():
                return True
        return False
    number, bound = number_of(text), number_of(wanted)
    if number is None or bound is None:
        return False
    return number >= bound if comparison == "at_least" else number <= bound
