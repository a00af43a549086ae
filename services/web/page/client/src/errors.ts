/** The errors that callers who edit a pad may meet. */

/** The edit cannot be made. Nothing has changed, and the session continues. */
export class EditRefused extends Error {
  override readonly name: string = "EditRefused";
}

/** The edit reaches beyond the text, or would remove the newline at the end of the text. */
export class OutOfRange extends EditRefused {
  override readonly name = "OutOfRange";
}

/** A single attribute or message is larger than the server takes at once, and cannot be split. */
export class TooLarge extends EditRefused {
  override readonly name = "TooLarge";
}

/**
 * The session has ended, or access to the pad was refused. `reason` is the server's word for the
 * cause.
 */
export class SessionEnded extends Error {
  override readonly name = "SessionEnded";

  constructor(
    message: string,
    readonly reason: string,
  ) {
    super(message);
  }
}

/**
 * The server has sent something that cannot follow what it sent before: it leaves a gap, repeats a
 * revision, answers nothing that was submitted, or makes no sense.
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}
