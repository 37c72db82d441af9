"""A group of queues as plain data, and back: as `snapshots` does for the other machines."""

from collections import deque
from typing import Final

from busyhour.core.agent_queue import AgentQueues
from busyhour.core.agents import AGENT_STATES, IDLE, RINGING, Ring
from busyhour.core.callbacks import CALLBACK_STATES, Callback, Callbacks
from busyhour.core.errors import SnapshotError
from busyhour.core.plain import Plain, int_at, list_at, mapping, rows_at, whole_numbers
from busyhour.core.waiting_line import Queue, WaitingCall

_QUEUES: Final = "group of queues"


def queues_snapshot(machine: AgentQueues) -> Plain:
    """Every agent's state, the calls that wait, the callbacks and what has been counted."""
    callbacks = machine.callbacks.by_id.values()
    return {
        "agents": [[a.state, a.since, a.call, a.queue, a.after_call, a.rings] for a in machine.agents],
        "idle": [[agent.id for agent in pool.idle] for pool in machine.pools],
        "pools": [[pool.staffed, pool.staffed_area, pool.staffed_at] for pool in machine.pools],
        "queues": [_queue_snapshot(queue) for queue in machine.queues],
        "ringing": [
            [ring.agent.id, call, ring.caller.priority, ring.caller.since, ring.transfer, ring.due_at]
            for call, ring in machine.ringing.items()
        ],
        "callbacks": [[c.id, c.queue, c.call, c.recorded_at, c.state, c.agent] for c in callbacks],
        "callbacks_done": list(machine.callbacks.done),
        "last_callback": machine.callbacks.last,
        "illegal_events": machine.illegal_events,
    }


def _queue_snapshot(queue: Queue) -> Plain:
    waiting: list[list[int]] = []
    for priority, line in queue.lines.items():
        for entry in line:
            if not entry.gone:
                waiting.append([priority, entry.call, entry.since])
    return {
        "campaigns": list(queue.campaigns),
        "waiting": waiting,
        "waiting_max": queue.waiting_max,
        "waiting_area": queue.waiting_area,
        "waiting_at": queue.waiting_at,
        "rung": [queue.rung, queue.rung_area, queue.rung_at],
    }


def restore_queues(machine: AgentQueues, snapshot: Plain) -> None:
    """`machine` has the same queues, pools and agents, and may have more, who are new. Raises SnapshotError."""
    agents = rows_at(snapshot, "agents", _QUEUES, 6)
    idle = list_at(snapshot, "idle", _QUEUES)
    pools = rows_at(snapshot, "pools", _QUEUES, 3)
    queues = list_at(snapshot, "queues", _QUEUES)
    if len(agents) > len(machine.agents) or len(queues) > len(machine.queues):
        raise SnapshotError(_QUEUES, "has more queues or agents than the machine")
    if len(pools) > len(machine.pools) or len(idle) != len(pools):
        raise SnapshotError(_QUEUES, "has other pools than the machine")
    machine.has_reserved = True
    for i in range(len(agents)):
        agent = machine.agents[i]
        agent.state = agents[i][0]
        if not 0 <= agent.state < len(AGENT_STATES):
            raise SnapshotError(_QUEUES, f"there is no agent state {agent.state}")
        agent.since = agents[i][1]
        agent.call = agents[i][2]
        agent.queue = agents[i][3]
        agent.after_call = agents[i][4]
        agent.rings = agents[i][5]
    for i in range(len(pools)):
        pool = machine.pools[i]
        pool.idle.clear()
        for number in whole_numbers(idle[i], _QUEUES):
            if not 0 <= number < len(machine.agents) or machine.agents[number].state != IDLE:
                raise SnapshotError(_QUEUES, f"agent {number} is not idle")
            pool.idle.append(machine.agents[number])
        pool.staffed = pools[i][0]
        pool.staffed_area = pools[i][1]
        pool.staffed_at = pools[i][2]
    for i in range(len(queues)):
        _restore_queue(machine.queues[i], mapping(queues[i], _QUEUES))
    for pool in machine.pools:
        pool.campaigns = []
        for number in pool.queues:
            pool.campaigns.extend(machine.queues[number].campaigns)
    _restore_ringing(machine, snapshot)
    _restore_callbacks(machine.callbacks, snapshot)
    machine.illegal_events = int_at(snapshot, "illegal_events", _QUEUES)


def _restore_queue(queue: Queue, snapshot: Plain) -> None:
    queue.lines = {}
    queue.by_call = {}
    queue.gone = 0
    queue.campaigns = whole_numbers(list_at(snapshot, "campaigns", _QUEUES), _QUEUES)
    for item in list_at(snapshot, "waiting", _QUEUES):
        place = whole_numbers(item, _QUEUES)
        if len(place) != 3 or place[1] in queue.by_call:
            raise SnapshotError(_QUEUES, f"{place} is no place in a line")
        entry = WaitingCall(place[1], place[0], place[2])
        line = queue.lines.get(entry.priority)
        if line is None:
            line = deque[WaitingCall]()
            queue.lines[entry.priority] = line
        line.append(entry)
        queue.by_call[entry.call] = entry
    queue.lines = dict(sorted(queue.lines.items()))
    queue.waiting = len(queue.by_call)
    queue.waiting_max = int_at(snapshot, "waiting_max", _QUEUES)
    queue.waiting_area = int_at(snapshot, "waiting_area", _QUEUES)
    queue.waiting_at = int_at(snapshot, "waiting_at", _QUEUES)
    rung = whole_numbers(snapshot.get("rung"), _QUEUES)
    if len(rung) != 3:
        raise SnapshotError(_QUEUES, f"{rung} says not of how many callers an agent is rung for")
    queue.rung, queue.rung_area, queue.rung_at = rung


def _restore_ringing(machine: AgentQueues, snapshot: Plain) -> None:
    machine.ringing = {}
    for item in list_at(snapshot, "ringing", _QUEUES):
        numbers = whole_numbers(item, _QUEUES)
        if len(numbers) != 6 or not 0 <= numbers[0] < len(machine.agents):
            raise SnapshotError(_QUEUES, f"{numbers} is nobody who is rung")
        agent = machine.agents[numbers[0]]
        caller = WaitingCall(numbers[1], numbers[2], numbers[3])
        if agent.state != RINGING or agent.call != caller.call:
            raise SnapshotError(_QUEUES, f"agent {agent.id} is not rung for call {caller.call}")
        machine.queues[agent.queue].by_call[caller.call] = caller
        machine.ringing[caller.call] = Ring(agent, caller, numbers[4], numbers[5])


def _restore_callbacks(callbacks: Callbacks, snapshot: Plain) -> None:
    callbacks.by_id = {}
    for item in list_at(snapshot, "callbacks", _QUEUES):
        numbers = whole_numbers(item, _QUEUES)
        if len(numbers) != 6 or not 0 <= numbers[4] < len(CALLBACK_STATES):
            raise SnapshotError(_QUEUES, f"{numbers} is no callback")
        callback = Callback(numbers[0], numbers[1], numbers[2], numbers[3])
        callback.state = numbers[4]
        callback.agent = numbers[5]
        callbacks.by_id[callback.id] = callback
    callbacks.done = whole_numbers(snapshot.get("callbacks_done"), _QUEUES)
    callbacks.last = int_at(snapshot, "last_callback", _QUEUES)
