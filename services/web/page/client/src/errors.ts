/** What can go wrong for whoever edits a pad. */

/** An edit cannot be made. Nothing has changed, and the session goes on. */
export class EditRefused extends Error {
  override readonly name: string = "EditRefused";
}

/** The edit reaches beyond the text, or would leave it without the newline at its end. */
export class OutOfRange extends EditRefused {
  override readonly name = "OutOfRange";
}

/**
 * A single attribute, or a message, is larger than what the server takes at once, and cannot be
 * split.
 */
export class TooLarge extends EditRefused {
  override readonly name = "TooLarge";
}

/** The session has ended, or the pad cannot be had; `reason` is the server's word for why. */
export class SessionEnded extends Error {
  override readonly name = "SessionEnded";

  constructor(
    message: string,
    readonly reason: string,
  ) {
    super(message);
  }
}
