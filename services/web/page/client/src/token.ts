const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** An author token that nobody guesses: 120 bits. */
export function newToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  return `t.${Array.from(bytes, (byte) => ALPHABET[byte % ALPHABET.length]).join("")}`;
}
