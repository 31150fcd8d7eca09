/** Makes an element; text is always text, never markup. */
export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && !name.includes("-") && name !== "list") made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** Text in which `…` is code. */
export function prose(text) {
  return String(text).split(/`([^`]+)`/).map((piece, number) => (number % 2 ? el("code", {}, piece) : piece));
}

export function show(place, ...children) {
  place.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
}

export function count(number) {
  return number === null || number === undefined ? "–" : number.toLocaleString();
}

export function ago(moment) {
  if (!moment) return "never";
  const seconds = (Date.now() - new Date(moment).getTime()) / 1000;
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  for (const [unit, length] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (seconds >= length) return words.format(-Math.floor(seconds / length), unit);
  }
  return words.format(-Math.max(0, Math.floor(seconds)), "second");
}
