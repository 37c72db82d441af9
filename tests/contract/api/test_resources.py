"""What the resources without a runtime do: flows, queues, agents, campaigns, calls, contacts."""

from typing import Any

import pytest

from serve_app.access import SCOPES
from tests.support.api import Api, detail_of

pytestmark = pytest.mark.anyio

SAY = {"type": "say", "text": "Hello {{contact.name}}", "next": "end"}
END = {"type": "hang_up"}
IF_YES = {"variable": "answer", "is": "equals", "value": "yes", "edge": "agreed"}


def flow(start: str = "hello", **nodes: Any) -> dict[str, Any]:
    return {"name": "f", "start": start, "nodes": {"hello": SAY, "end": END, **nodes}}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (flow(start="nowhere"), 'start leads to the node "nowhere", which is not there'),
        (flow(hello={**SAY, "next": "gone"}), 'node "hello": next leads to "gone", which is not there'),
        (flow(lost=END), 'node "lost": cannot be reached from start'),
        (
            flow(hello={"type": "branch", "conditions": [IF_YES], "edges": {"agreed": "end"}}),
            'node "hello": a branch must have an edge else',
        ),
        (
            flow(hello={"type": "transfer", "queue_id": "q", "edges": {}}),
            'node "hello": a transfer must have an edge failure',
        ),
        (flow(hello={"type": "say", "text": "x"}), 'node "hello": a say has no way on; add next'),
        (
            flow(hello={"type": "sing"}),
            'node "hello": type must be one of say, ask, collect_digits, branch, set, http, transfer, hand_off, '
            'hang_up, not "sing"',
        ),
        (
            {"name": "f", "start": "a", "nodes": {}},
            "nodes must be a mapping of ids to nodes, with at least one",
        ),
    ],
)
async def test_a_flow_that_could_strand_a_call_is_refused_by_node(
    api: Api, body: dict[str, Any], sentence: str
) -> None:
    response = await api.client.post("/api/voice/flows", json=body)
    assert (response.status_code, detail_of(response)) == (400, sentence)


async def test_a_flow_of_every_node_is_taken_and_shown_as_it_is(api: Api) -> None:
    nodes = {
        "hello": {**SAY, "next": "ask"},
        "ask": {
            "type": "ask",
            "text": "Tomorrow?",
            "expect": {"agree": ["yes"]},
            "save_as": "answer",
            "edges": {"agree": "digits", "no_input": "bye", "no_match": "bye"},
        },
        "digits": {
            "type": "collect_digits",
            "text": "Your PIN?",
            "save_as": "pin",
            "max_digits": 4,
            "next": "set",
        },
        "set": {"type": "set", "variables": {"a": "1", "b": "x"}, "next": "http"},
        "http": {
            "type": "http",
            "url": "https://example.com",
            "edges": {"success": "branch", "failure": "bye"},
        },
        "branch": {"type": "branch", "conditions": [IF_YES], "edges": {"agreed": "transfer", "else": "bye"}},
        "transfer": {"type": "transfer", "queue_id": "q", "edges": {"failure": "hand_off"}},
        "hand_off": {"type": "hand_off", "queue_id": "q", "next": "bye"},
        "bye": END,
    }
    made = await api.made("/api/voice/flows", {"name": "all", "start": "hello", "nodes": nodes})
    assert (made["version"], list(made["nodes"])) == (1, list(nodes))
    assert made["nodes"] == nodes
    assert (await api.client.get(f"/api/voice/flows/{made['id']}")).json() == made


async def test_a_change_of_a_flow_is_a_new_version_and_the_old_one_stays(api: Api) -> None:
    first = await api.made("/api/voice/flows", flow())
    path = f"/api/voice/flows/{first['id']}"
    second = await api.client.put(path, json=flow(hello={**SAY, "text": "Good day"}))
    assert (second.status_code, second.json()["version"]) == (200, 2)
    assert (await api.client.get(path)).json()["nodes"]["hello"]["text"] == "Good day"
    assert (await api.client.get(f"{path}/versions/1")).json() == first
    assert (await api.client.get(f"{path}/versions/3")).status_code == 404


async def test_agents_are_of_two_kinds_with_fields_of_their_own(api: Api) -> None:
    queue = await api.made("/api/voice/queues", {"name": "q"})
    made = await api.made("/api/voice/flows", flow())
    human = {"kind": "human", "name": "Ann", "queue_ids": [queue["id"]], "endpoint": "sip:ann@pbx.example"}
    ann = await api.made("/api/voice/agents", human)
    assert ann["state"] == "offline"
    voice = await api.made("/api/voice/agents", {"kind": "voice", "name": "Bot", "flow_id": made["id"]})
    assert voice["max_concurrency"] == 100
    path = f"/api/voice/agents/{ann['id']}"
    available = await api.client.put(f"{path}/state", json={"state": "available"})
    assert available.json()["state"] == "available"
    assert api.runtime.heard[-1] == ("agent", "acme", ann["id"], "available")
    refused = await api.client.put(f"/api/voice/agents/{voice['id']}/state", json={"state": "paused"})
    assert (refused.status_code, detail_of(refused)) == (409, "Only a human agent has a state")
    wrong = await api.client.put(f"{path}/state", json={"state": "asleep"})
    assert detail_of(wrong) == "state must be one of available, paused, offline"
    mixed = await api.client.patch(path, json={"flow_id": made["id"]})
    assert detail_of(mixed) == "flow_id is not a known field"
    people = (await api.client.get("/api/voice/agents?kind=human&state=available")).json()["data"]
    assert [agent["id"] for agent in people] == [ann["id"]]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"kind": "robot", "name": "x"}, "kind must be one of voice, human"),
        ({"name": "x"}, "kind is required"),
        ({"kind": "voice", "name": "x"}, "flow_id is required"),
        ({"kind": "voice", "name": "x", "flow_id": "f"}, "flow_id is not a flow of this account"),
        ({"kind": "human", "name": "x", "endpoint": "tel:1"},
         "endpoint must be simulated, or a SIP address such as sip:ann@pbx.example"),
        ({"kind": "human", "name": "x", "endpoint": "simulated", "queue_ids": ["q"]},
         "queue_ids[0] is not a queue of this account"),
    ],
)  # fmt: skip
async def test_a_wrong_agent_is_refused(api: Api, body: dict[str, Any], sentence: str) -> None:
    response = await api.client.post("/api/voice/agents", json=body)
    assert (response.status_code, detail_of(response)) == (400, sentence)


async def test_availability_is_of_one_queue_or_all(api: Api) -> None:
    first = await api.made("/api/voice/queues", {"name": "a"})
    second = await api.made("/api/voice/queues", {"name": "b"})
    api.runtime.free = {first["id"]: 2, second["id"]: 3}
    path = "/api/voice/calls/agent-availability"
    every = (await api.client.get(path)).json()
    assert every["total_available"] == 5
    one = (await api.client.get(f"{path}?queue_id={first['id']}")).json()
    assert (one["total_available"], one["queues"][0]["name"]) == (2, "a")
    absent = await api.client.get(f"{path}?queue_id=x")
    assert (absent.status_code, detail_of(absent)) == (404, "Queue not found")


async def test_a_campaign_lives_from_draft_to_stopping(api: Api) -> None:
    queue = await api.made("/api/voice/queues", {"name": "q"})
    campaign = await api.made("/v1/campaigns", {"name": "c", "queue_id": queue["id"]})
    path = f"/v1/campaigns/{campaign['id']}"
    assert campaign["state"] == "draft"
    empty = await api.client.post(f"{path}/launch")
    assert (empty.status_code, detail_of(empty)) == (400, "Campaign has no contacts")
    stopped = await api.client.post(f"{path}/stop")
    assert (stopped.status_code, detail_of(stopped)) == (409, "Campaign is not running")
    people = await api.contacts("+14155550100", "+14155550101")
    enrolled = await api.made(f"{path}/contacts", {"contact_ids": [*people, "x"]}, 200)
    assert enrolled == {"enrolled": 2, "already_enrolled": 0, "not_found": 1}
    dry = await api.made(f"{path}/launch", {"dry_run": True}, 200)
    assert dry == {"callable": 1, "excluded": {"do_not_call": 2}}
    launched = await api.client.post(f"{path}/launch")
    assert (launched.status_code, launched.json()["state"]) == (202, "running")
    again = await api.client.post(f"{path}/launch")
    assert (again.status_code, detail_of(again)) == (409, "Campaign is already running")
    moved = await api.client.patch(path, json={"queue_id": None})
    assert detail_of(moved) == "queue_id can't change once the campaign has been launched"
    assert (await api.client.delete(path)).status_code == 409
    assert (await api.client.post(f"{path}/pause")).json()["state"] == "paused"
    assert (await api.client.post(f"{path}/resume")).json()["state"] == "running"
    end = await api.client.post(f"{path}/stop", json={"in_flight": "hang_up"})
    assert (end.status_code, end.json()["campaign"]["state"]) == (202, "stopping")
    assert [heard[0] for heard in api.runtime.heard] == ["launch", "pause", "resume", "stop"]
    assert await api.enrolled(campaign) == people[::-1]
    page = (await api.client.get(f"{path}/contacts?limit=1&status=pending")).json()
    assert (page["data"][0]["attempts"], page["next_cursor"] is None) == (0, False)
    assert (await api.client.get(f"{path}/contacts?status=completed")).json()["data"] == []


async def test_a_campaign_keeps_the_version_of_the_flow_it_was_launched_with(api: Api) -> None:
    made = await api.made("/api/voice/flows", flow())
    await api.client.put(f"/api/voice/flows/{made['id']}", json=flow())
    agent = await api.made("/api/voice/agents", {"kind": "voice", "name": "Bot", "flow_id": made["id"]})
    campaign = await api.made("/v1/campaigns", {"name": "c", "agent_id": agent["id"]})
    path = f"/v1/campaigns/{campaign['id']}"
    await api.made("/v1/contacts", {"phone": "+14155550100", "tags": ["vip"]})
    tagged = await api.made(f"{path}/contacts", {"tag": "vip"}, 200)
    assert tagged == {"enrolled": 1, "already_enrolled": 0, "not_found": 0}
    await api.made(f"{path}/launch", {}, 202)
    await api.client.put(f"/api/voice/flows/{made['id']}", json=flow())
    assert (await api.client.get(path)).json()["flow_version"] == 2
    assert api.runtime.heard == [("launch", "acme", campaign["id"], 2)]


async def test_one_that_starts_later_is_scheduled(api: Api) -> None:
    schedule = {"start_at": "2999-01-01T00:00:00+01:00"}
    campaign = await api.made("/v1/campaigns", {"name": "c", "schedule": schedule})
    assert campaign["schedule"]["start_at"] == "2998-12-31T23:00:00.000Z"
    people = await api.contacts("+14155550100")
    await api.made(f"/v1/campaigns/{campaign['id']}/contacts", {"contact_ids": people}, 200)
    launched = await api.made(f"/v1/campaigns/{campaign['id']}/launch", {}, 202)
    assert launched["state"] == "scheduled"
    assert api.runtime.heard == []
    assert len((await api.client.get("/v1/campaigns?state=scheduled")).json()["data"]) == 1
    assert (await api.client.get("/v1/campaigns?state=draft")).json()["data"] == []


async def test_calls_are_the_runtime_s_under_both_paths(api: Api) -> None:
    queue = await api.made("/api/voice/queues", {"name": "q"})
    call = await api.made("/v1/calls", {"to": "+14155550123", "metadata": {"lead": 1}})
    for path in ("/v1/calls/", "/api/voice/calls/"):
        shown = (await api.client.get(path + call["id"])).json()
        assert (shown["id"], shown["transcript"][0]["text"]) == (call["id"], "Hello")
    voice = f"/api/voice/calls/{call['id']}"
    merged = await api.made(f"{voice}/metadata", {"score": 7}, 200)
    assert merged == {"metadata": {"lead": 1, "score": 7}}
    none_free = await api.client.post(f"{voice}/transfer", json={"queue_id": queue["id"]})
    assert (none_free.status_code, detail_of(none_free)) == (503, "No agents available in target queue")
    api.runtime.free[queue["id"]] = 1
    taken = await api.made(f"{voice}/transfer", {"queue_id": queue["id"]}, 202)
    assert taken["transfer"]["state"] == "reserved"
    assert (await api.client.post(f"{voice}/end")).json()["status"] == "ended"
    ended = await api.client.post(f"{voice}/end")
    assert (ended.status_code, detail_of(ended)) == (409, "Call is not currently active")
    large = await api.client.post(f"{voice}/metadata", json={"x": "y" * 70_000})
    assert (large.status_code, detail_of(large)) == (400, "metadata must be at most 64 KiB")
    late = await api.made(f"{voice}/metadata", {"after": True}, 200)
    assert late["metadata"]["after"] is True


async def test_a_contact_is_made_found_changed_and_deleted(api: Api) -> None:
    body = {"phone": "+14155550123", "external_id": "crm-1", "tags": ["vip"], "metadata": {"a": 1, "b": 2}}
    contact = await api.made("/v1/contacts", body)
    taken = await api.client.post("/v1/contacts", json={"phone": "+14155550199", "external_id": "crm-1"})
    assert (taken.status_code, detail_of(taken)) == (409, "A contact with this external_id already exists")
    for query in ("phone=%2B14155550123", "external_id=crm-1", "tag=vip", "tag=vip&external_id=crm-1"):
        found = (await api.client.get(f"/v1/contacts?{query}")).json()["data"]
        assert [one["id"] for one in found] == [contact["id"]], query
    path = f"/v1/contacts/{contact['id']}"
    patch = {"phone": "+14155550124", "external_id": None, "tags": ["new"], "metadata": {"a": None, "c": 3}}
    changed = (await api.client.patch(path, json=patch)).json()
    assert (changed["phone"], changed["external_id"], changed["metadata"]) == (
        "+14155550124",
        None,
        {"b": 2, "c": 3},
    )
    for query in ("phone=%2B14155550123", "external_id=crm-1", "tag=vip"):
        assert (await api.client.get(f"/v1/contacts?{query}")).json()["data"] == [], query
    assert (await api.client.delete(path)).status_code == 204
    assert (await api.client.get(path)).status_code == 404
    await api.made("/v1/contacts", {"phone": "+14155550199", "external_id": "crm-1"})


async def test_of_a_bulk_one_bad_row_fails_alone(api: Api) -> None:
    rows = [{"phone": "+14155550100"}, {"phone": "nonsense"}, {"phone": "+14155550100", "name": "Ann"}, 7]
    result = await api.made("/v1/contacts/bulk", {"contacts": rows}, 200)
    statuses = [row["status"] for row in result["results"]]
    assert statuses == ["created", "failed", "updated", "failed"]
    assert [row["detail"] for row in result["results"]][1::2] == [
        "phone must be in E.164 format",
        "The contact must be an object",
    ]
    assert result["results"][0]["id"] == result["results"][2]["id"]
    assert (result["created"], result["updated"], result["failed"]) == (1, 1, 2)
    skipped = await api.made("/v1/contacts/bulk", {"contacts": rows[:1], "mode": "skip"}, 200)
    assert skipped["skipped"] == 1
    insert = await api.made("/v1/contacts/bulk", {"contacts": rows[:1], "mode": "insert"}, 200)
    assert insert["results"][0]["detail"] == "A contact with this phone already exists"


async def test_a_bulk_may_match_by_external_id_and_enrol(api: Api) -> None:
    campaign = await api.made("/v1/campaigns", {"name": "c"})
    rows = [{"phone": f"+1415555{number:04}", "external_id": f"x{number}"} for number in range(600)]
    body = {"contacts": rows, "match": "external_id", "campaign_id": campaign["id"]}
    first = await api.made("/v1/contacts/bulk", body, 200)
    assert first["created"] == 600
    stats = await api.services.campaigns.progress("acme", campaign, None, 1_000, None)
    assert len(stats.documents) == 600
    moved = [{"phone": "+14155559999", "external_id": "x5"}, {"phone": "+14155558888"}]
    second = await api.made("/v1/contacts/bulk", {"contacts": moved, "match": "external_id"}, 200)
    assert [row["status"] for row in second["results"]] == ["updated", "failed"]
    assert second["results"][1]["detail"] == "external_id is required to match by it"
    stranger = await api.client.post("/v1/contacts/bulk", json={**body, "campaign_id": "x"})
    assert detail_of(stranger) == "campaign_id is not a campaign of this account"


def test_scopes_are_those_of_the_reference() -> None:
    assert "voice:calls:write" in SCOPES
    assert len(SCOPES) == 20
