const KEY = "segue-token";

/** The token lives as long as this browser tab; it is never stored on disk by us. */
export const token = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set: (value) => (value ? sessionStorage.setItem(KEY, value) : sessionStorage.removeItem(KEY)),
};

export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `The daemon answered ${status}.`);
    this.status = status;
    this.problem = problem;
  }
}

export function headers(body) {
  const sent = {};
  if (token.get()) sent.Authorization = `Bearer ${token.get()}`;
  if (body !== undefined) sent["Content-Type"] = "application/json";
  return sent;
}

export async function ask(method, path, body) {
  const reply = await fetch(path, {
    method,
    headers: headers(body),
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await reply.text();
  const value = text && reply.headers.get("Content-Type")?.includes("json") ? JSON.parse(text) : {};
  if (!reply.ok) throw new Refused(reply.status, value);
  return value;
}
