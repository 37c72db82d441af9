"""Hypothesis strategies for people who answer a voice agent, in the models' own units."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy as Strategy

from busyhour.core.ids import SECOND

Plain = dict[str, Any]

afters = st.sampled_from([0, 800_000, 7 * SECOND])
replies = st.one_of(
    st.fixed_dictionaries({"say": st.sampled_from(["Yes.", "One two three."]), "after": afters}),
    st.fixed_dictionaries({"press": st.sampled_from(["1", "12*", "#"]), "after": afters}),
    st.fixed_dictionaries({"hang_up": st.just(True), "after": afters}),
    st.just({"silent": True}),
)
scripts = st.lists(replies, max_size=4).map(tuple)


def personas(
    times: Strategy[Plain], patiences: Strategy[Plain | None], shares: Strategy[float]
) -> Strategy[Plain]:
    intent = st.fixed_dictionaries(
        {"share": st.sampled_from([0.1, 0.3]), "says": st.just(("Yes.", "Maybe not."))},
        optional={"press": st.just("?#")},
    )
    return st.fixed_dictionaries(
        {"intents": st.dictionaries(st.sampled_from("abc"), intent, min_size=1)},
        optional={
            "thinks": times,
            "machine_patience": patiences,
            "hangs_up": shares,
            "presses_keys": shares,
            "talkativeness": shares,
        },
    )
