// What the console asks of the API: one key, one wait when a limit is reached, one kind of error.

const NAME = "busyhour-key";

export class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export const key = {
  get: () => sessionStorage.getItem(NAME),
  set: (value) => sessionStorage.setItem(NAME, value),
  forget: () => sessionStorage.removeItem(NAME),
};

const heldUntil = new Map(); // route → when its limit lets it through again, ms

function headers(more = {}) {
  return { Authorization: `Bearer ${key.get()}`, ...more };
}

async function answered(response, route) {
  if (response.ok) return response.status === 204 ? null : response.json();
  if (response.status === 429) {
    heldUntil.set(route, Date.now() + 1000 * Number(response.headers.get("Retry-After") ?? 1));
  }
  const detail = await response.json().then((body) => body.detail).catch(() => null);
  throw new ApiError(response.status, detail ?? `The platform answered ${response.status}`);
}

async function sent(path, options, route) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new ApiError(0, "The platform does not answer");
  }
  return answered(response, route);
}

/** JSON of `path`; null while the limit of its `route` (the path without ids) holds it. */
export async function get(path, route = path.split("?")[0]) {
  if ((heldUntil.get(route) ?? 0) > Date.now()) return null;
  return sent(path, { headers: headers() }, route);
}

export async function post(path, body = {}) {
  const options = { method: "POST", body: JSON.stringify(body) };
  return sent(path, { ...options, headers: headers({ "Content-Type": "application/json" }) }, path);
}

/** Events as the server sends them, from after the one with the id `after`; ends when the connection does. */
export async function* events(path, after) {
  const response = await fetch(path, { headers: headers(after ? { "Last-Event-ID": after } : {}) });
  if (!response.ok) await answered(response, path);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split(/\r?\n\r?\n/);
    text = blocks.pop();
    for (const block of blocks) {
      const fields = { data: "" };
      for (const line of block.split(/\r?\n/)) {
        const [, name, rest] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
        if (name) fields[name] = name === "data" ? fields.data + rest : rest;
      }
      if (fields.data) yield { id: fields.id, ...JSON.parse(fields.data) };
    }
  }
}
