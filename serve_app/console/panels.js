// The board's panels: each takes what the API answered and shows it.

import { at, clock, element, keep, seconds, share, trace, words } from "/console/page.js";

const LOOKS = 150; // of a queue, kept for its trace
const CREW = ["available", "reserved", "on_call", "wrap_up", "paused"];
const ACTIONS = {
  draft: ["launch"], scheduled: ["stop"], running: ["pause", "stop"], paused: ["resume", "stop"], stopped: ["launch"],
};
const seen = new Map(); // queue → its last looks

export function showNow(availability, campaigns) {
  const sum = (field) => availability.queues.reduce((total, queue) => total + queue[field], 0);
  const longest = Math.max(0, ...availability.queues.map((queue) => queue.longest_wait_s));
  const running = campaigns.filter((campaign) => campaign.state === "running");
  const flying = campaigns.reduce((total, campaign) => total + (campaign.stats?.in_flight ?? 0), 0);
  const tiles = [
    ["Agents available", availability.total_available], ["On a call", sum("on_call")], ["Wrapping up", sum("wrap_up")],
    ["Callers waiting", sum("waiting_calls")], ["Longest wait", seconds(longest)],
    ["Campaigns running", running.length], ["Attempts in flight", flying],
  ];
  keep(at("now"), tiles, ([name]) => name,
    ([name]) => element("div", {}, element("dt", {}, name), element("dd")),
    (tile, [, value]) => { tile.lastChild.textContent = value; });
}

export function showCampaigns(campaigns, act) {
  keep(at("campaigns"), campaigns, (campaign) => campaign.id, campaignRow, (row, campaign) => {
    const [name, state, done, flying, answered, abandoned, held, buttons] = row.children;
    const stats = campaign.stats ?? {};
    const contacts = stats.contacts ?? {};
    const finished = (contacts.completed ?? 0) + (contacts.exhausted ?? 0) + (contacts.excluded ?? 0);
    name.textContent = campaign.name;
    state.textContent = words(campaign.state);
    state.className = `state ${campaign.state}`;
    done.firstChild.value = contacts.enrolled ? finished / contacts.enrolled : 0;
    done.lastChild.textContent = contacts.enrolled ? `${finished} of ${contacts.enrolled}` : "";
    flying.textContent = stats.in_flight ?? "";
    answered.textContent = share(stats.answered, stats.attempts);
    const lost = stats.dispositions?.abandoned ?? 0;
    abandoned.textContent = share(lost, stats.answered);
    abandoned.className = stats.answered && lost / stats.answered > campaign.pacing.abandonment_cap ? "over" : "";
    abandoned.title = `cap ${100 * campaign.pacing.abandonment_cap}%`;
    held.textContent = words(stats.blocked_by);
    keep(buttons, ACTIONS[campaign.state] ?? [], (action) => action,
      (action) => element("button", { type: "button", onclick: () => act(action, campaign) }, words(action)),
      () => {});
  });
}

function campaignRow() {
  const meter = element("meter", { min: 0, max: 1, "aria-label": "share of contacts done" });
  const cells = Array.from({ length: 8 }, () => element("td"));
  cells[2].append(meter, element("span"));
  return element("tr", {}, ...cells);
}

export function showQueues(queues) {
  keep(at("queues"), queues, (queue) => queue.queue_id, queueCard, (card, queue) => {
    const looks = seen.get(queue.queue_id) ?? [];
    looks.push([queue.waiting_calls, queue.available]);
    seen.set(queue.queue_id, looks.slice(-LOOKS));
    const [title, crew, people, callers, drawn] = card.children;
    title.textContent = queue.name;
    const total = CREW.reduce((sum, state) => sum + queue[state], 0);
    keep(crew, CREW, (state) => state,
      (state) => element("i", { class: state === "paused" ? "paused-agents" : state }),
      (bar, state) => {
        bar.style.width = total ? `${(100 * queue[state]) / total}%` : "0";
        bar.title = `${queue[state]} ${words(state)}`;
      });
    people.textContent = CREW.map((state) => `${queue[state]} ${words(state)}`).join(" · ");
    const expected = queue.estimated_wait_s === null ? "" : ` · a new caller waits about ${seconds(queue.estimated_wait_s)}`;
    callers.replaceChildren(element("b", {}, queue.waiting_calls), ` waiting, longest ${seconds(queue.longest_wait_s)}${expected}`);
    draw(drawn, seen.get(queue.queue_id));
  });
}

function queueCard() {
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawn.setAttribute("class", "trace");
  drawn.setAttribute("viewBox", "0 0 100 56");
  drawn.setAttribute("preserveAspectRatio", "none");
  drawn.setAttribute("role", "img");
  for (const name of ["waiting", "idle"]) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("class", name);
    drawn.append(path);
  }
  return element("article", { class: "card" }, element("h3"), element("div", { class: "crew" }), element("p"), element("p"), drawn);
}

function draw(drawn, looks) {
  const most = Math.max(1, ...looks.flat());
  drawn.children[0].setAttribute("d", trace(looks.map(([waiting]) => waiting), most, LOOKS));
  drawn.children[1].setAttribute("d", trace(looks.map(([, idle]) => idle), most, LOOKS));
  const [waiting, idle] = looks.at(-1);
  drawn.setAttribute("aria-label", `Since this page was opened, at most ${most}; now ${waiting} waiting (line) and ${idle} available (dashes)`);
}

export function showCalls(calls, open) {
  keep(at("calls"), calls, (call) => call.id,
    (call) => element("tr", {}, ...Array.from({ length: 5 }, () => element("td")),
      element("td", {}, element("button", { type: "button", onclick: () => open(call.id) }, "Show"))),
    (row, call) => {
      const [to, status, outcome, began, talk] = row.children;
      to.textContent = call.direction === "inbound" ? `from ${call.from ?? "unknown"}` : call.to;
      status.textContent = words(call.status);
      status.className = `state ${call.status}`;
      outcome.textContent = [...new Set([words(call.disposition), words(call.end_reason)])].filter(Boolean).join(", ");
      began.textContent = clock(call.created_at);
      talk.textContent = seconds(call.talk_s);
    });
}

export function showCall(call, turns) {
  at("call-title").textContent = call.direction === "inbound" ? `Call from ${call.from ?? "unknown"}` : `Call to ${call.to}`;
  const facts = [
    ["Id", call.id], ["Status", words(call.status)], ["Outcome", words(call.disposition)], ["Ended", words(call.end_reason)],
    ["Fault", call.fault === "none" ? "" : call.fault], ["SIP", call.sip_code], ["Dialled", clock(call.dialed_at)],
    ["Answered", clock(call.answered_at)], ["Talk", seconds(call.talk_s)], ["Transfer", words(call.transfer?.state)],
    ["Metadata", Object.keys(call.metadata).length ? JSON.stringify(call.metadata) : ""],
  ].filter(([, value]) => value);
  at("call-facts").replaceChildren(...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
  at("transcript").replaceChildren(...turns.map((turn) => element("li", {},
    element("time", {}, `${turn.start_s.toFixed(1)} s`), element("b", {}, words(turn.role)), element("span", {}, turn.text))));
  at("transcript").previousElementSibling.hidden = turns.length === 0;
  at("end-call").hidden = call.status === "ended";
}

export function showEvent(event) {
  const { data } = event;
  const subject = data.call ?? data.campaign ?? data.contact ?? data;
  const told = [subject.name ?? subject.to ?? subject.phone, words(subject.disposition ?? subject.status ?? subject.state)].filter(Boolean).join(" · ");
  at("events").prepend(element("li", {}, element("time", {}, clock(event.timestamp)), element("b", {}, event.type), element("span", {}, told)));
  while (at("events").children.length > 200) at("events").lastChild.remove();
}
