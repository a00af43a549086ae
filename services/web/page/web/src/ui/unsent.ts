/** Offers edits that were not sent before their page was closed to the user who made them. */
import { type Pad, textOf } from "padfleet-client";

import { language, say, write, writeVerbatim } from "../words/page.js";
import { announce, byId, make } from "./dom.js";
import { toast } from "./toast.js";

/** How many characters of the edits are shown. */
const SHOWN = 120;

/** Offers the drafts that were found, one after the other. */
export function offerUnsent(pad: Pad): void {
  pad.on("unsent", (drafts) => {
    const waiting = [...drafts];
    const words = make("p");
    const putBack = make("button", "button");
    const discard = make("button", "button");
    const notice = make("div", "notice", words, putBack, discard);
    notice.id = "unsent";
    putBack.type = discard.type = "button";
    write(putBack, "unsent-put-back");
    write(discard, "unsent-discard");
    const next = (): void => {
      const [draft] = waiting;
      if (draft === undefined) {
        notice.remove();
        return;
      }
      const time = new Date(draft.time).toLocaleString(language());
      const text = textOf(draft).replace(/\s+/g, " ").trim();
      const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
      const key = shown === "" ? "unsent-changes" : "unsent-text";
      putBack.hidden = false;
      writeVerbatim(words, say(key, { time, text: shown }));
      announce(words.textContent ?? "");
    };
    const settle = (): void => {
      waiting.shift();
      next();
    };
    putBack.addEventListener("click", () => {
      const [draft] = waiting;
      if (draft === undefined) return;
      void pad.putBack(draft).then(
        (could) => {
          if (could) return settle();
          putBack.hidden = true;
          writeVerbatim(words, say("unsent-misfit", { text: textOf(draft) }));
        },
        (error: Error) => toast(error.message),
      );
    });
    discard.addEventListener("click", () => {
      const [draft] = waiting;
      if (draft !== undefined) void pad.discard(draft);
      settle();
    });
    byId("notice").after(notice);
    next();
  });
}
