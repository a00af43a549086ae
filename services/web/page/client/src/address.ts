/** Where a pad is: `http://host:port/prefix/p/name`, taken apart. */
export interface PadAddress {
  /** Scheme, host and port, such as `http://127.0.0.1:9001`. */
  origin: string;
  /** The path of Socket.IO there, behind the prefix that a proxy may want. */
  path: string;
  padId: string;
}

/** Throws an `Error` that says what an address looks like when `url` is not that of a pad. */
export function parseAddress(url: string): PadAddress {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new Error(`not an address: ${url}; expected something like http://host:9001/p/name`);
  }
  const match = /^(.*)\/p\/([^/]+)$/.exec(parsed.pathname);
  if (match === null || !/^https?:$/.test(parsed.protocol)) {
    throw new Error(
      `not the address of a pad: ${url}; expected something like http://host:9001/p/name`,
    );
  }
  const [, prefix = "", name = ""] = match;
  return { origin: parsed.origin, path: `${prefix}/socket.io/`, padId: decodeURIComponent(name) };
}
