const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Returns a random author token. It has 120 bits, so nobody can guess it. */
export function newToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  return `t.${Array.from(bytes, (byte) => ALPHABET[byte % ALPHABET.length]).join("")}`;
}
