/** The part of the page in which users write. */
import type { ClientVars } from "padfleet-client";

import { colorAuthors } from "./editor/colors.js";
import { PadEditor, Sheet } from "./editor/editor.js";
import { byId } from "./ui/dom.js";
import { showLook } from "./ui/look.js";
import type { Page } from "./ui/page.js";

/**
 * How long the page waits for the pad, in ms, before it loads the rest, which says what is wrong.
 */
const PATIENCE = 2000;

/**
 * The first pause before the rest is requested again after a failure, in ms. Each further pause is
 * twice as long, up to `LONGEST`.
 */
const AGAIN = 500;
const LONGEST = 8000;

/** Shows the pad as soon as it arrives, and then the rest of the page. */
export function open(page: Page): void {
  const { pad } = page;
  let shown: PadEditor | null = null;
  let asked = false;
  const furnish = (): void => {
    if (asked) return;
    asked = true;
    void rest().then(({ furnish }) => furnish(page, () => shown));
  };
  // The editor is prepared while the pad is on its way.
  const sheet = new Sheet(byId("editor"), page.nonce);
  pad.joined().then(
    (variables) => {
      shown = joined(page, sheet, variables);
      document.body.classList.add("ready");
      afterPaint(() => {
        document.body.classList.add("painted");
        page.shown();
        furnish();
      });
    },
    () => furnish(),
  );
  pad.on("status", ({ state }) => {
    if (state === "waiting" || state === "suspended" || state === "ended") furnish();
  });
  setTimeout(furnish, PATIENCE);
}

function joined(
  { pad, line: status, wishes }: Page,
  sheet: Sheet,
  variables: ClientVars,
): PadEditor {
  showLook(variables, wishes);
  colorAuthors(pad.people.everybody.values());
  const editor = new PadEditor(sheet, pad);
  status.same = () => editor.same();
  editor.rested = () => status.show();
  if (variables.readonly) {
    document.body.classList.add("read-only");
    byId("read-only").hidden = false;
    editor.lock(true);
  }
  pad.on("status", ({ state }) => {
    if (state === "ended") editor.lock(true);
  });
  const { history, line, rightToLeft } = wishes;
  const { initialOptions } = variables;
  if (rightToLeft || initialOptions?.view?.rtlIsTrue === true) editor.run(true);
  if (line !== null) editor.goToLine(line);
  const hovers = matchMedia("(hover: hover)").matches;
  if (!history && !variables.readonly && hovers) editor.view.focus();
  return editor;
}

/** Calls `then` when what was drawn before is visible, or soon after at the latest. */
function afterPaint(then: () => void): void {
  requestAnimationFrame(() => setTimeout(then));
  setTimeout(then, 1000); // pages in the background are not painted
}

/** Loads the rest of the page and its texts, and retries until that works. */
async function rest(): Promise<typeof import("./rest.js")> {
  for (let pause = AGAIN; ; pause = Math.min(pause * 2, LONGEST)) {
    try {
      const found = await import("./rest.js");
      await found.begin();
      return found;
    } catch (error) {
      console.warn("the rest of the page cannot be had", error);
      byId("incomplete").hidden = false;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
