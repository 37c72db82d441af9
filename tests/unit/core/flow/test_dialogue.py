"""One call's way through a flow: every kind of node, what callers do at it, and the transcript of it."""

from typing import Any

import pytest

from busyhour.core.flow.commands import (
    CollectDigits,
    EndCall,
    FlowCommand,
    HandOff,
    Listen,
    RequestHttp,
    Say,
    StopSpeech,
    TransferCall,
)
from busyhour.core.flow.dialogue import LONGEST_UTTERANCE, MOST_STEPS, TOO_LONG
from busyhour.core.flow.events import (
    CALLER_STARTED,
    CONVERSATION_ENDED,
    SPEECH_FINISHED,
    TRANSFER_SUCCEEDED,
    ExchangeEvent,
    FlowEvent,
    HttpAnswered,
    TransferFailed,
)
from busyhour.core.flow.states import (
    FINISHED,
    LISTENING,
    SPEAKING,
)
from busyhour.core.ids import ABSENT, SECOND
from tests.support.talks import ANSWERED, CALL, Talk, requesting, transferring


def only(commands: list[FlowCommand], kind: type[Any]) -> Any:
    (command,) = commands
    assert isinstance(command, kind)
    return command


def test_a_call_is_greeted_asked_thanked_and_ended() -> None:
    talk = Talk()
    greeting = only(talk.begins(0.5), Say)
    assert (greeting.node, greeting.text, greeting.is_question) == ("greet", "Hello Ada.", False)
    question = only(talk.has_spoken(1.5), Say)
    assert (question.text, question.is_question) == ("Will you come?", True)
    listening = only(talk.has_spoken(3), Listen)
    assert listening.choices == {"yes": [["yes"], ["sure"]], "no": [["no"]], "person": [["a", "person"]]}
    assert talk.dialogue.deadline() == ANSWERED + 7 * SECOND
    assert only(talk.hears("Yes.", 4, 4.5), Say).text == "Thank you."
    assert talk.dialogue.deadline() == ABSENT
    assert only(talk.has_spoken(5.5), EndCall).reason == "done"
    assert talk.dialogue.state == FINISHED
    assert talk.dialogue.transcript.to_plain(ANSWERED + 9 * SECOND) == [
        {"seq": 0, "role": "agent", "text": "Hello Ada.", "start_s": 0.5, "end_s": 1.5, "node_id": "greet"},
        {
            "seq": 1,
            "role": "agent",
            "text": "Will you come?",
            "start_s": 1.5,
            "end_s": 3.0,
            "node_id": "come",
        },
        {"seq": 2, "role": "customer", "text": "Yes.", "start_s": 4.0, "end_s": 4.5, "node_id": "come"},
        {
            "seq": 3,
            "role": "agent",
            "text": "Thank you.",
            "start_s": 4.5,
            "end_s": 5.5,
            "node_id": "say_thanks",
        },
    ]


def test_a_branch_takes_the_edge_of_the_first_condition_that_holds() -> None:
    talk = Talk().asked()
    assert only(talk.hears("sure, yes", 4, 5), EndCall).reason == "done"
    assert talk.dialogue.variables.get("confirmed") == "sure, yes"


def test_silence_is_asked_again_once_and_then_leads_on() -> None:
    talk = Talk().asked()
    assert talk.is_late(6.9) == []
    assert only(talk.is_late(7), Say).text == "Yes or no?"
    talk.has_spoken(8)
    assert only(talk.is_late(12), EndCall).reason == "done"


def test_what_is_not_understood_is_asked_again_once_and_then_leads_on() -> None:
    talk = Talk().asked()
    assert only(talk.hears("Pardon?", 4, 5), Say).text == "Yes or no?"
    talk.has_spoken(6)
    transfer = only(talk.hears("Banana.", 7, 8), TransferCall)
    assert (transfer.queue, transfer.kind, transfer.briefing, transfer.timeout) == (
        "desk",
        "warm",
        "Ada said ",
        20 * SECOND,
    )


def test_words_without_any_word_are_silence() -> None:
    talk = Talk().asked()
    assert only(talk.hears("  ", 4, 5), Say).text == "Yes or no?"
    assert [role for role, *_ in talk.told()] == ["agent", "agent", "agent"]


def test_a_caller_who_has_begun_to_speak_is_not_asked_again() -> None:
    talk = Talk().asked()
    assert talk.take(FlowEvent(CALLER_STARTED, CALL), 6) == []
    assert talk.is_late(7) == []
    assert talk.dialogue.deadline() == ANSWERED + 6 * SECOND + LONGEST_UTTERANCE
    assert isinstance(talk.hears("Yes.", 6, 8)[0], Say)


def test_a_caller_who_breaks_in_on_a_question_cuts_it_short() -> None:
    talk = Talk()
    talk.begins()
    talk.has_spoken(1)
    exchange = talk.dialogue.exchange
    stop, listen = talk.take(FlowEvent(CALLER_STARTED, CALL), 2)
    assert isinstance(stop, StopSpeech)
    assert stop.exchange == exchange
    assert isinstance(listen, Listen)
    talk.hears("Yes.", 2, 2.5)
    assert talk.told()[1:3] == [("agent", "Will you come?", 1, 2), ("customer", "Yes.", 2, 2.5)]


def test_an_answer_before_the_end_of_the_question_is_an_answer() -> None:
    talk = Talk()
    talk.begins()
    talk.has_spoken(1)
    stop, _, thanks = talk.hears("Yes.", 1.5, 2)
    assert isinstance(stop, StopSpeech)
    assert isinstance(thanks, Say)
    assert thanks.text == "Thank you."


def test_what_is_said_into_a_sentence_is_in_the_transcript_and_nothing_comes_of_it() -> None:
    talk = Talk()
    talk.begins()
    assert talk.hears("Who is this?", 0.2, 0.8) == []
    assert isinstance(talk.has_spoken(1)[0], Say)
    assert talk.told()[:2] == [("agent", "Hello Ada.", 0, 1), ("customer", "Who is this?", 0.2, 0.8)]


def test_a_turn_that_began_before_the_one_told_last_is_told_as_having_begun_with_it() -> None:
    talk = Talk().asked()
    talk.is_late(7)
    talk.hears("Yes.", 6.5, 7.5)
    starts = [start for _, _, start, _ in talk.told()]
    assert starts == sorted(starts)
    assert talk.told()[3] == ("customer", "Yes.", 7, 7.5)


def test_digits_are_in_when_there_are_enough_of_them() -> None:
    talk = Talk().collecting()
    (request,) = talk.presses("1234", 7)
    assert isinstance(request, RequestHttp)
    assert (request.method, request.url, request.body) == (
        "POST",
        "https://example.com/move/1234",
        {"who": "Ada"},
    )
    assert talk.told()[-1] == ("customer", "[pressed 1234]", 7, 7)


def test_the_finish_key_ends_the_digits_and_is_none_of_them() -> None:
    talk = Talk().collecting()
    (request,) = talk.presses("12#", 7)
    assert isinstance(request, RequestHttp)
    assert request.url.endswith("/12")


def test_every_digit_gives_time_for_the_next_and_enough_of_them_do_when_it_is_up() -> None:
    talk = Talk().collecting()
    talk.presses("1", 8.9)
    assert talk.dialogue.deadline() == ANSWERED + round(11.9 * SECOND)
    talk.presses("2", 10)
    assert isinstance(only(talk.is_late(13), RequestHttp), RequestHttp)


def test_too_few_digits_are_no_match_and_none_are_no_input() -> None:
    talk = Talk().collecting()
    talk.presses("1", 7)
    assert only(talk.is_late(10), TransferCall).node == "desk"
    talk = Talk().collecting()
    assert only(talk.is_late(9), EndCall).reason == "done"


def test_digits_pressed_while_the_prompt_is_spoken_are_taken_and_stop_it() -> None:
    talk = Talk().asked()
    talk.hears("no", 3.5, 4)
    stop, collect = talk.presses("1", 5)
    assert isinstance(stop, StopSpeech)
    assert isinstance(collect, CollectDigits)
    assert talk.dialogue.digits == "1"


def test_digits_where_none_are_asked_for_change_nothing() -> None:
    talk = Talk().asked()
    assert talk.presses("1", 4) == []
    assert talk.dialogue.state == LISTENING
    assert talk.dialogue.illegal_events == 0


def test_an_answer_of_a_web_service_is_saved_and_leads_on() -> None:
    talk = requesting()
    answer = HttpAnswered(CALL, talk.dialogue.exchange, 201, {"slot": {"at": "Monday at ten"}})
    assert only(talk.take(answer, 8), Say).text == "It is Monday at ten now."


@pytest.mark.parametrize("status", [0, 199, 302, 404, 500])
def test_a_web_service_that_refuses_leads_to_failure(status: int) -> None:
    talk = requesting()
    hand_off, end = talk.take(HttpAnswered(CALL, talk.dialogue.exchange, status, None), 8)
    assert isinstance(hand_off, HandOff)
    assert (hand_off.queue, hand_off.note) == ("desk", "call Ada")
    assert isinstance(end, EndCall)
    assert talk.told()[-1] == ("system", "handed off to desk", 8, 8)


def test_a_web_service_that_does_not_answer_leads_to_failure_and_its_late_answer_to_nothing() -> None:
    talk = requesting()
    exchange = talk.dialogue.exchange
    assert len(talk.is_late(9)) == 2
    assert talk.take(HttpAnswered(CALL, exchange, 200, {}), 9.5) == []
    assert talk.dialogue.illegal_events == 1


def test_a_transfer_that_succeeds_ends_the_flow_and_not_the_call() -> None:
    talk = transferring()
    assert talk.take(ExchangeEvent(TRANSFER_SUCCEEDED, CALL, talk.dialogue.exchange), 9) == []
    assert (talk.dialogue.state, talk.dialogue.reason, talk.dialogue.transferred) == (
        FINISHED,
        "transferred",
        True,
    )


def test_a_transfer_that_fails_brings_the_caller_back() -> None:
    talk = transferring()
    hand_off, end = talk.take(TransferFailed(CALL, talk.dialogue.exchange, "agent_no_answer"), 25)
    assert isinstance(hand_off, HandOff)
    assert isinstance(end, EndCall)
    assert talk.told()[-2:] == [
        ("system", "transfer failed: agent_no_answer", 25, 25),
        ("system", "handed off to desk", 25, 25),
    ]


def test_after_a_transfer_a_hang_up_leaves_the_call_to_the_person() -> None:
    plain = {
        "name": "f",
        "start": "t",
        "nodes": {
            "t": {"type": "transfer", "queue": "q", "edges": {"success": "note", "failure": "bye"}},
            "note": {"type": "set", "variables": {"done": "yes"}, "next": "bye"},
            "bye": {"type": "hang_up", "reason": "sold"},
        },
    }
    talk = Talk(plain)
    only(talk.begins(), TransferCall)
    assert talk.take(ExchangeEvent(TRANSFER_SUCCEEDED, CALL, talk.dialogue.exchange), 9) == []
    assert talk.dialogue.reason == "sold"


def test_late_speech_of_an_earlier_sentence_is_counted_and_changes_nothing() -> None:
    talk = Talk()
    talk.begins()
    earlier = talk.dialogue.exchange
    talk.has_spoken(1)
    assert talk.take(ExchangeEvent(SPEECH_FINISHED, CALL, earlier), 2) == []
    assert talk.dialogue.state == SPEAKING
    assert talk.dialogue.illegal_events == 1


def test_a_caller_who_hangs_up_cuts_the_sentence_short() -> None:
    talk = Talk()
    talk.begins()
    assert talk.take(FlowEvent(CONVERSATION_ENDED, CALL), 0.4) == []
    assert (talk.dialogue.state, talk.dialogue.reason) == (FINISHED, "ended")
    assert talk.told() == [("agent", "Hello Ada.", 0, 0.4)]


def test_a_text_of_unknown_variables_only_is_not_spoken() -> None:
    plain = {
        "name": "f",
        "start": "a",
        "nodes": {
            "a": {"type": "say", "text": "{{nothing}}", "next": "b"},
            "b": {"type": "ask", "text": "{{nothing}}", "next": "bye"},
            "bye": {"type": "hang_up"},
        },
    }
    talk = Talk(plain)
    only(talk.begins(), Listen)
    assert talk.told() == []


def test_a_caller_who_leads_round_for_ever_is_hung_up_on() -> None:
    plain = {"name": "f", "start": "a", "nodes": {"a": {"type": "ask", "text": "{{none}}", "next": "a"}}}
    talk = Talk(plain)
    talk.begins()
    for _ in range(MOST_STEPS - 1):
        only(talk.hears("more", 1, 1), Listen)
    assert only(talk.hears("more", 1, 1), EndCall).reason == TOO_LONG
