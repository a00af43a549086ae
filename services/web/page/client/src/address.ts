/** The parts of a pad's address, which has the form `http://host:port/prefix/p/name`. */
export interface PadAddress {
  /** The scheme, host and port, such as `http://127.0.0.1:9001`. */
  origin: string;
  /** The path of Socket.IO on that server, including the prefix that a proxy may need. */
  path: string;
  padId: string;
}

/**
 * Takes the address of a pad apart. Throws an `Error` that shows what an address looks like when
 * `url` is not the address of a pad.
 */
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
