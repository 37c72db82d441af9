// Elements: everything shown is text, never markup.

export const at = (id) => document.getElementById(id);

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Keep one child of `parent` an item, in order; what has the focus stays what it is. */
export function keep(parent, items, keyOf, make, update) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let child = before.get(key);
    before.delete(key);
    if (!child) {
      child = make(item);
      child.dataset.key = key;
    }
    update(child, item);
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
  for (const child of before.values()) child.remove();
}

export function clock(written) {
  return written ? new Date(written).toLocaleTimeString() : "";
}

export function share(part, whole) {
  return whole ? `${((100 * part) / whole).toFixed(1)}%` : "";
}

export function seconds(value) {
  if (value === null || value === undefined) return "";
  const whole = Math.round(value);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

export const words = (name) => (name ?? "").replaceAll("_", " ");

/** A path through `values` (of the last so many looks), 0 at the bottom, `most` at the top of 100 × 56. */
export function trace(values, most, room) {
  const step = 100 / (room - 1);
  const from = 100 - (values.length - 1) * step;
  return values
    .map((value, i) => `${i ? "L" : "M"}${(from + i * step).toFixed(2)} ${(53 - (50 * value) / most).toFixed(2)}`)
    .join("");
}
