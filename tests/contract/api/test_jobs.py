"""Work that outlives its request: imports, deploys, simulations."""

import asyncio
import io
import json
from pathlib import Path

import httpx
import pyarrow.parquet as parquet
import pytest

from busyhour.adapters import wall_clock
from busyhour.adapters.speech.engine import SpeechFailedError
from busyhour.adapters.valkey.documents import Document
from busyhour.adapters.valkey.jobs import LEASE
from serve_app.services.contacts import Contacts
from serve_app.services.customers import IMPORT
from tests.support.api import Api, HandClock, detail_of, served
from tests.support.recordings import tone, wav

pytestmark = pytest.mark.anyio

IMPORTS = "/api/voice/customers/import"
SPEAKERS = "/api/voice/models/speakers"


async def import_csv(api: Api, text: str | bytes, **form: str) -> httpx.Response:
    content = text.encode() if isinstance(text, str) else text
    return await api.client.post(IMPORTS, files={"file": ("leads.csv", content, "text/csv")}, data=form)


async def imported(api: Api, text: str | bytes, **form: str) -> Document:
    begun = await import_csv(api, text, **form)
    assert begun.status_code == 202, begun.text
    assert list(begun.json()) == ["id", "status"]
    await api.work()
    return (await api.client.get(f"{IMPORTS}s/{begun.json()['id']}")).json()


async def events_of(api: Api) -> list[str]:
    entries = await api.platform.client.lrange("{platform}:outbox", 0, -1)
    return [json.loads(entry)["type"] for entry in entries]


async def test_an_import_maps_columns_and_tells_of_each_bad_row(api: Api) -> None:
    text = (
        "phone,external_id,name,tags,priority,do_not_call,plan\n"
        '+14155550100,a,"Ann, of Oslo",vip;new,5,yes,gold\n'
        "4155550101,b,Bob,,,,\n"
        "+14155550102,c,Cy,,high,,\n"
        "+14155550103,d,Di,,,,silver,extra\n"
        "+14155550104,e,E\0v,,,,\n"
    )
    done = await imported(api, text)
    counts = {name: done[name] for name in ("status", "rows", "created", "updated", "skipped", "failed")}
    assert counts == {"status": "completed", "rows": 5, "created": 1, "updated": 0, "skipped": 0, "failed": 4}
    errors = (await api.client.get(done["errors_url"])).text.splitlines()
    assert errors == [
        "row,reason",
        "3,phone must be in E.164 format",
        "4,priority must be an integer",
        '5,"the row has 8 cells, and the header 7"',
        "6,a cell holds the character NUL",
    ]
    (ann,) = (await api.client.get("/v1/contacts")).json()["data"]
    assert (ann["name"], ann["tags"], ann["priority"]) == ("Ann, of Oslo", ["vip", "new"], 5)
    assert (ann["do_not_call"], ann["metadata"]) == (True, {"plan": "gold"})
    assert await events_of(api) == ["import.completed"]


async def test_a_dry_run_writes_nothing(api: Api) -> None:
    done = await imported(api, "phone\n+14155550100\nx\n", dry_run="true")
    assert (done["rows"], done["created"], done["failed"]) == (2, 0, 1)
    assert (await api.client.get("/v1/contacts")).json()["data"] == []


async def test_an_import_may_enrol_and_skip(api: Api) -> None:
    campaign = await api.made("/v1/campaigns", {"name": "c"})
    await imported(api, "phone\n+14155550100\n")
    done = await imported(api, "phone\n+14155550100\n+14155550101\n", mode="skip", campaign_id=campaign["id"])
    assert (done["created"], done["skipped"]) == (1, 1)
    assert len(await api.enrolled(campaign)) == 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"name\nAnn\n", "file must begin with a header row that names the column phone"),
        (b"", "file must begin with a header row that names the column phone"),
        (b"phone,phone\n", "file must not name a column twice"),
        (b"\xff\xfephone\n", "file must be CSV in UTF-8"),
        (b"pho\0ne\n", "file must begin with a header row that names the column phone"),
    ],
)
async def test_a_file_that_can_hold_no_contacts_is_refused(api: Api, content: bytes, sentence: str) -> None:
    response = await import_csv(api, content)
    assert response.status_code == 400
    assert detail_of(response).startswith(sentence)


async def test_a_form_without_a_file_or_with_a_wrong_field_is_refused(api: Api) -> None:
    none = await api.client.post(IMPORTS, files={"other": ("x", b"y")})
    assert (none.status_code, detail_of(none)) == (400, "file must be a file")
    wrong = await import_csv(api, "phone\n", mode="merge")
    assert (wrong.status_code, detail_of(wrong)) == (400, "mode must be one of upsert, insert, skip")
    plain = await api.client.post(IMPORTS, json={})
    assert (plain.status_code, detail_of(plain)) == (400, "Content-Type must be multipart/form-data")
    broken = await api.client.post(
        IMPORTS, content=b"--x\r\nnonsense", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert broken.status_code == 400


async def test_a_file_that_breaks_off_fails_and_keeps_what_was_read(api: Api) -> None:
    rows = "".join(f"+1415555{number:04}\n" for number in range(1_000))
    done = await imported(api, f'phone\n{rows}"never closed\n')
    assert (done["status"], done["created"]) == ("failed", 1_000)
    assert done["failure"].startswith("The file breaks off: ")


async def test_an_import_goes_on_where_its_dead_worker_stopped(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = HandClock(wall_clock.now())
    async with served(url, tmp_path, clock=clock) as api:
        rows = "".join(f"+1415555{number:04}\n" for number in range(2_500))
        begun = (await import_csv(api, f"phone\n{rows}")).json()
        write = Contacts.write
        batches = 0

        async def die_in_the_third(*arguments: object) -> object:
            nonlocal batches
            batches += 1
            if batches == 3:
                raise asyncio.CancelledError
            return await write(*arguments)  # pyright: ignore[reportArgumentType]

        (job,) = await api.services.jobs.lease(clock(), 5)
        assert job.kind == IMPORT
        with monkeypatch.context() as patch:
            patch.setattr(Contacts, "write", die_in_the_third)
            with pytest.raises(asyncio.CancelledError):
                await api.services.customers.work(job)
        path = f"{IMPORTS}s/{begun['id']}"
        assert (await api.client.get(path)).json()["rows"] == 2_000
        await api.work()
        assert (await api.client.get(path)).json()["status"] == "running", "its lease is not over"
        clock.instant += LEASE
        await api.work()
        done = (await api.client.get(path)).json()
        assert (done["status"], done["rows"], done["created"]) == ("completed", 2_500, 2_500)


async def add_sample(api: Api, content: bytes, transcript: str = "one two three") -> httpx.Response:
    files = {"audio": ("a.wav", content, "audio/wav")}
    return await api.client.post(
        f"{SPEAKERS}/ann/dataset/sample", files=files, data={"transcript": transcript}
    )


async def test_a_speaker_is_collected_and_deployed(api: Api) -> None:
    draft = await api.made(SPEAKERS, {"name": "ann", "language": "en-US"})
    assert draft["state"] == "draft"
    again = await api.client.post(SPEAKERS, json={"name": "ann", "language": "en-US"})
    assert (again.status_code, detail_of(again)) == (409, "A speaker with this name already exists")
    first = await add_sample(api, wav(tone(120, 6)), " ".join(["word"] * 15))
    assert first.status_code == 201
    assert (first.json()["duration_s"], first.json()["sample_rate"], len(first.json()["sha256"])) == (
        6,
        16_000,
        64,
    )
    early = await api.client.post(f"{SPEAKERS}/ann/deploy")
    assert (early.status_code, detail_of(early)) == (409, "Speaker needs at least 10 s of samples")
    duplicate = await add_sample(api, wav(tone(120, 6)), "other words")
    assert (duplicate.status_code, detail_of(duplicate)) == (409, "The speaker has this sample already")
    assert (await add_sample(api, wav(tone(130, 6)), " ".join(["word"] * 15))).status_code == 201
    collecting = (await api.client.get(f"{SPEAKERS}/ann")).json()
    assert (collecting["state"], collecting["dataset"]["samples"]) == ("collecting", 2)
    assert collecting["dataset"]["pitch_hz"] == pytest.approx(125, abs=2)
    assert collecting["dataset"]["words_per_minute"] == pytest.approx(150)
    deploying = await api.client.post(f"{SPEAKERS}/ann/deploy")
    assert (deploying.status_code, deploying.json()["state"]) == (202, "deploying")
    twice = await api.client.post(f"{SPEAKERS}/ann/deploy")
    assert (twice.status_code, detail_of(twice)) == (409, "Speaker is being deployed already")
    await api.work()
    deployed = (await api.client.get(f"{SPEAKERS}/ann")).json()
    assert (deployed["state"], deployed["version"], deployed["deployed_version"]) == ("deployed", 1, 1)
    assert deployed["voice"]["pitch_hz"] == pytest.approx(125, rel=0.06)
    assert (api.platform.files / "speakers" / draft["id"] / "voice-1.wav").is_file()
    assert await events_of(api) == ["speaker.deployed"]
    assert (await api.client.delete(f"{SPEAKERS}/ann")).status_code == 204
    assert not (api.platform.files / "speakers" / draft["id"]).exists()
    await api.made(SPEAKERS, {"name": "ann", "language": "en-US"})


async def test_a_deploy_that_fails_leaves_the_old_version_serving(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.made(SPEAKERS, {"name": "ann", "language": "en-US"})
    await add_sample(api, wav(tone(120, 12)))
    await api.client.post(f"{SPEAKERS}/ann/deploy")
    await api.work()

    def fail(*_: object) -> None:
        raise SpeechFailedError("The speech engine is out of breath")

    monkeypatch.setattr("busyhour.adapters.speech.espeak.EspeakEngine.shape", fail)
    await api.client.post(f"{SPEAKERS}/ann/deploy")
    await api.work()
    failed = (await api.client.get(f"{SPEAKERS}/ann")).json()
    assert (failed["state"], failed["failure"]) == ("failed", "The speech engine is out of breath")
    assert (failed["version"], failed["deployed_version"]) == (2, 1)


@pytest.mark.parametrize(
    ("content", "transcript", "sentence"),
    [
        (b"RIFF", "x", "audio is not a WAV file that can be read"),
        (wav(tone(seconds=0.5)), "x", "audio must last 1 to 60 s"),
        (wav(tone()), "", "transcript must not be empty"),
    ],
)
async def test_a_bad_sample_is_refused(api: Api, content: bytes, transcript: str, sentence: str) -> None:
    await api.made(SPEAKERS, {"name": "ann", "language": "en-US"})
    response = await add_sample(api, content, transcript)
    assert (response.status_code, detail_of(response)) == (400, sentence)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"name": "Ann B", "language": "en-US"},
         "name must be a slug: lower-case letters, digits and single hyphens between them"),
        ({"name": "../etc", "language": "en"},
         "name must be a slug: lower-case letters, digits and single hyphens between them"),
        ({"name": "ann", "language": "english!"}, "language must be a language such as en-US"),
    ],
)  # fmt: skip
async def test_a_speaker_s_name_is_a_slug(api: Api, body: Document, sentence: str) -> None:
    response = await api.client.post(SPEAKERS, json=body)
    assert (response.status_code, detail_of(response)) == (400, sentence)


SCENARIO = """
name: tiny
seed: 7
clock: {horizon: 30m}
queues: {q: {agents: 5, handle_time: {exponential: {mean: 60s}}}}
inbound: [{queue: q, rate: "4/min"}]
replications: 2
"""


async def test_a_simulation_leaves_what_the_command_leaves(api: Api) -> None:
    header = {"Content-Type": "application/yaml"}
    begun = await api.client.post("/v1/simulations", content=SCENARIO, headers=header)
    assert (begun.status_code, begun.json()["status"]) == (202, "queued")
    path = f"/v1/simulations/{begun.json()['id']}"
    early = await api.client.get(f"{path}/report")
    assert (early.status_code, detail_of(early)) == (409, "Simulation is queued")
    await api.work()
    done = (await api.client.get(path)).json()
    assert (done["status"], done["progress"], done["name"]) == ("completed", 1.0, "tiny")
    assert done["summary"]["schema"] == "busyhour.summary/v1"
    assert done["summary"]["replications"] == 2
    report = await api.client.get(f"{path}/report")
    assert report.headers["content-type"].startswith("text/html")
    calls = parquet.read_table(io.BytesIO((await api.client.get(f"{path}/calls.parquet")).content))
    assert set(calls["replication"].to_pylist()) == {0, 1}
    assert calls.num_rows == done["calls"]
    assert (await api.client.delete(path)).status_code == 204
    assert (await api.client.get(path)).status_code == 404
    assert list((api.platform.files / "simulations").iterdir()) == []


async def test_a_scenario_may_be_json_and_a_wrong_one_is_refused_by_place(api: Api) -> None:
    scenario = {
        "clock": {"horizon": "10m"},
        "queues": {"q": {"agents": 1, "handle_time": "60s"}},
        "inbound": [{"queue": "q", "rate": "4/min"}],
    }
    await api.made("/v1/simulations", scenario, 202)
    wrong = await api.client.post("/v1/simulations", json={**scenario, "colour": 1})
    assert wrong.status_code == 400
    assert detail_of(wrong).startswith("scenario:1:")
    assert "colour" in detail_of(wrong)
    for text in ("a: &a [*a]", "!!python/object:os.system {}", "clock: {horizon: 1h}\nclock: {}", "\0", ""):
        refused = await api.client.post("/v1/simulations", content=text)
        assert refused.status_code == 400, text


async def test_a_simulation_that_is_deleted_while_it_runs_is_stopped(api: Api) -> None:
    long = SCENARIO.replace("30m", "20000h")
    begun = (await api.client.post("/v1/simulations", content=long)).json()
    path = f"/v1/simulations/{begun['id']}"
    working = asyncio.create_task(api.work())
    while (await api.client.get(path)).json()["progress"] == 0:
        await asyncio.sleep(0.05)
    assert (await api.client.get(path)).json()["status"] == "running"
    assert (await api.client.delete(path)).status_code == 204
    await asyncio.wait_for(working, 10)
