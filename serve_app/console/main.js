// The console: signs in with a key, looks at the platform every few seconds, and carries out what is clicked.

import { ApiError, events, get, key, post } from "/console/api.js";
import { at } from "/console/page.js";
import { showCall, showCalls, showCampaigns, showEvent, showNow, showQueues } from "/console/panels.js";

const LOOK_MS = 4000;
const STATS_A_LOOK = 6; // campaigns asked in one look, so that many don't use up the limit
const AGAIN_MS = 5000;
const OVER = ["completed", "stopped"];

let session = 0; // of who is signed in; what was begun in another does nothing any more
let campaigns = [];
let availability = { total_available: 0, queues: [] };
let turn = 0;

function standing(text, isBad = false) {
  at("standing").textContent = text;
  at("standing").classList.toggle("bad", isBad);
}

function trouble(panel, error) {
  const told = at(panel).closest("section").querySelector(".trouble");
  told.hidden = !error;
  told.textContent = error?.message ?? "";
}

/** What `ask` answers; the panel says why where it does not, but for what concerns the whole page. */
async function asked(panel, ask) {
  try {
    const answer = await ask();
    trouble(panel, null);
    return answer;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status === 401 || error.status === 0) throw error;
    if (error.status !== 429) trouble(panel, error);
    return null;
  }
}

async function lookAtCampaigns() {
  const listed = await asked("campaigns", () => get("/v1/campaigns?limit=50"));
  if (!listed) return;
  const known = new Map(campaigns.map((campaign) => [campaign.id, campaign.stats]));
  campaigns = listed.data.map((campaign) => ({ ...campaign, stats: known.get(campaign.id) }));
  const moving = campaigns.filter(({ state, stats }) => state !== "draft" && !(OVER.includes(state) && stats?.state === state));
  for (let i = 0; i < Math.min(STATS_A_LOOK, moving.length); i++) {
    const campaign = moving[(turn + i) % moving.length];
    const stats = await asked("campaigns", () => get(`/v1/campaigns/${campaign.id}/stats`, "/v1/campaigns/{id}/stats"));
    campaign.stats = stats ?? campaign.stats;
  }
  turn += STATS_A_LOOK;
}

async function look() {
  await lookAtCampaigns();
  availability = (await asked("queues", () => get("/api/voice/calls/agent-availability"))) ?? availability;
  const status = at("status").value;
  const calls = await asked("calls", () => get(`/v1/calls?limit=25${status ? `&status=${status}` : ""}`));
  showNow(availability, campaigns);
  showCampaigns(campaigns, act);
  showQueues(availability.queues);
  if (calls) showCalls(calls.data, open);
}

async function watch(mine) {
  while (session === mine) {
    try {
      await look();
      if (session === mine) standing(`Live, as of ${new Date().toLocaleTimeString()}`);
    } catch (error) {
      if (session !== mine) return;
      if (error.status === 401) return signOut(error.message);
      standing(error.message, true);
    }
    await pause(LOOK_MS);
  }
}

async function listen(mine) {
  let last = null;
  while (session === mine) {
    try {
      for await (const event of events("/v1/events/stream", last)) {
        if (session !== mine) return;
        last = event.id ?? last;
        trouble("events", null);
        showEvent(event);
      }
    } catch (error) {
      if (session === mine && error instanceof ApiError) trouble("events", error);
    }
    await pause(AGAIN_MS);
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function act(action, campaign) {
  let body = {};
  if (action === "stop") {
    const in_flight = await howToStop(campaign);
    if (!in_flight) return;
    body = { in_flight };
  }
  const answer = await asked("campaigns", () => post(`/v1/campaigns/${campaign.id}/${action}`, body));
  if (answer) await look();
}

function howToStop(campaign) {
  const dialog = at("stop");
  at("stop-title").textContent = `Stop ${campaign.name}?`;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const done = () => resolve(dialog.returnValue === "stop" ? dialog.querySelector("input:checked").value : null);
    dialog.addEventListener("close", done, { once: true });
  });
}

async function open(id) {
  const call = await asked("calls", () => get(`/v1/calls/${id}`, "/v1/calls/{id}"));
  if (!call) return;
  showCall(call, call.transcript ?? []);
  at("end-call").onclick = async () => {
    const ended = await asked("calls", () => post(`/api/voice/calls/${id}/end`));
    if (ended) showCall(ended, call.transcript ?? []);
  };
  at("call").showModal();
}

function signIn() {
  session += 1;
  campaigns = [];
  at("sign-in").hidden = true;
  at("board").hidden = false;
  at("sign-out").hidden = false;
  standing("Looking…");
  watch(session);
  listen(session);
}

function signOut(why = "Not signed in") {
  session += 1;
  key.forget();
  at("sign-in").hidden = false;
  at("board").hidden = true;
  at("sign-out").hidden = true;
  standing(why, why !== "Not signed in");
}

at("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  key.set(at("key").value.trim());
  at("key").value = "";
  signIn();
});
at("sign-out").addEventListener("click", () => signOut());
at("status").addEventListener("change", () => look().catch((error) => standing(error.message, true)));
if (key.get()) signIn();
