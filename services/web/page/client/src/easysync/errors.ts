/** A changeset, attribute string or pool is malformed, or does not fit what it is applied to. */
export class EasysyncError extends Error {
  override readonly name = "EasysyncError";
}

/** Returns a value as text that is short enough for an error message. */
export function shown(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
