"""Twenty bugs of the kinds that are made: a bound off by one, a condition that forgets a case, a count not kept."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Bug:
    name: str
    file: str
    """Below the project's root."""
    right: str
    """What stands there, once."""
    wrong: str

    def planted_in(self, source: str) -> str:
        """Raises ValueError unless there is just one place for it."""
        if source.count(self.right) != 1:
            raise ValueError(
                f"{self.name}: {self.file} has {source.count(self.right)} places for it, not one"
            )
        return source.replace(self.right, self.wrong)


BUGS: Final = (
    Bug(
        "the dial timeout counts from ringing",
        "busyhour/core/call.py",
        "return self.dialed_at + self.dial_timeout",
        "return self.ringing_at + self.dial_timeout",
    ),
    Bug(
        "a caller sent away after the longest wait stays in line",
        "busyhour/core/call.py",
        "elif before == WAITING and end_reason != END_QUEUE_FULL:",
        "elif before == WAITING and end_reason not in (END_QUEUE_FULL, END_MAX_WAIT):",
    ),
    Bug(
        "whom a voice agent has served is abandoned all the same",
        "busyhour/core/call.py",
        """        if self.voice_connected_at != ABSENT:
            return HUMAN
        if self.direction""",
        """        if self.direction""",
    ),
    Bug(
        "a lost line is unknown though somebody talked",
        "busyhour/core/call.py",
        "reached = self.state == CONNECTED or self.voice_connected_at != ABSENT",
        "reached = self.voice_connected_at != ABSENT",
    ),
    Bug(
        "the agent who has been idle shortest is taken",
        "busyhour/core/agent_queue.py",
        """            if pool.idle:
                agent = pool.idle.pop(0)
                if agent.accepts:""",
        """            if pool.idle:
                agent = pool.idle.pop()
                if agent.accepts:""",
    ),
    Bug(
        "one more waits than there are places",
        "busyhour/core/agent_queue.py",
        "queue.waiting >= queue.waiting_places",
        "queue.waiting > queue.waiting_places",
    ),
    Bug(
        "the end of an earlier wrap-up ends the present one",
        "busyhour/core/agent_queue.py",
        "if state == WRAP_UP and agent.call == event.call:",
        "if state == WRAP_UP:",
    ),
    Bug(
        "an agent who is reserved leaves at the end of the shift",
        "busyhour/core/agent_queue.py",
        "elif state != ON_PAUSE:\n            agent.after_call = away",
        "elif state == TALKING or state == WRAP_UP:\n            agent.after_call = away",
    ),
    Bug(
        "urgent callers wait for those of a priority seen before",
        "busyhour/core/waiting_line.py",
        "self.lines = dict(sorted(self.lines.items()))",
        "self.lines = dict(self.lines.items())",
    ),
    Bug(
        "who was rung for goes to the end of the line",
        "busyhour/core/waiting_line.py",
        "line.appendleft(entry)",
        "line.append(entry)",
    ),
    Bug(
        "an attempt that we cancelled counts",
        "busyhour/core/contact_list.py",
        "            contact.cancelled += 1\n",
        "",
    ),
    Bug(
        "one attempt too many",
        "busyhour/core/attempts.py",
        "contact.attempts - contact.cancelled >= self.max_attempts",
        "contact.attempts - contact.cancelled > self.max_attempts",
    ),
    Bug(
        "every attempt begins a new day",
        "busyhour/core/contact_list.py",
        "if day > contact.day:",
        "if day >= contact.day:",
    ),
    Bug(
        "calls under way don't count towards the campaign's limit",
        "busyhour/core/campaign.py",
        """wanted > self.max_concurrency - len(self.in_flight):
            wanted = self.max_concurrency - len(self.in_flight)""",
        """wanted > self.max_concurrency:
            wanted = self.max_concurrency""",
    ),
    Bug(
        "a claim granted after the stop is dialled on",
        "busyhour/core/campaign.py",
        "if self.state == STOPPING and self.stopping != DRAIN:",
        "if self.state == STOPPING and self.stopping == HANG_UP:",
    ),
    Bug(
        "Sunday night ends with the week",
        "busyhour/core/calling_hours.py",
        "edges.append((day * DAY + end_us) % WEEK)",
        "edges.append(min(day * DAY + end_us, WEEK - 1))",
    ),
    Bug(
        "the hours don't change with the clocks",
        "busyhour/core/calling_hours.py",
        "if index == len(zone.transitions) or flip < zone.transitions[index]:",
        "if index == len(zone.transitions) or flip < zone.transitions[index] + HOUR:",
    ),
    Bug(
        "a bucket that stood idle keeps the fraction it was due at",
        "busyhour/core/token_bucket.py",
        "            self._due_us = now\n            self._due_part = 0",
        "            self._due_us = now",
    ),
    Bug(
        "an abandoned call is not charged to the budget while something else binds",
        "busyhour/core/pacing/budget.py",
        "        self.abandoned += 1\n        if bound:\n            self.lost += 1.0",
        "        if bound:\n            self.abandoned += 1\n            self.lost += 1.0",
    ),
    Bug(
        "the answer to an earlier transfer is taken for this one's",
        "busyhour/core/transfer.py",
        "if event.number != self.number or (self.state, event.kind)",
        "if (self.state, event.kind)",
    ),
)
