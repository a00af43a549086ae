/** Exports the pad to files, and imports files into it. */
import type { ClientVars, Pad } from "padfleet-client";

import type { Args } from "../words/catalogue.js";
import { say, write } from "../words/page.js";
import { ask, tell } from "./ask.js";
import { announce, byId, make } from "./dom.js";

/** Returns the kinds of files to which the server can export. */
export function exportKinds(vars: ClientVars): string[] {
  const kinds = ["txt", "html", "etherpad"];
  const office = vars.sofficeAvailable ?? "no";
  if (vars.docxExport === true || office !== "no") kinds.push("docx");
  if (office === "yes") kinds.push("pdf");
  return kinds;
}

/** The messages for statuses and error words with which a server refuses a file. */
const BY_STATUS: Record<number, string> = {
  0: "import-lost",
  403: "import-forbidden",
  413: "import-too-large",
  429: "import-busy",
  502: "import-not-now",
  503: "import-busy",
  504: "import-not-now",
};
const BY_WORD: Record<string, string> = {
  maxFileSize: "import-too-large",
  uploadFailed: "import-not-read",
  padHasData: "import-has-data",
  internalError: "import-not-now",
};

/**
 * Returns why an import failed: a message with its arguments, and the server's own explanation or
 * "". `body` is the server's answer, if any.
 */
export function importFault(status: number, body: string): [message: string, Args, why: string] {
  let word = "";
  let why = "";
  try {
    const answer = JSON.parse(body) as { message?: unknown; data?: { reason?: unknown } };
    if (typeof answer.message === "string") word = answer.message;
    if (typeof answer.data?.reason === "string") why = answer.data.reason;
  } catch {
    // A proxy has answered in its own words.
  }
  const message = BY_STATUS[status] ?? BY_WORD[word] ?? "import-other";
  return [message, message === "import-other" ? { status } : {}, why];
}

interface Answer {
  status: number;
  body: string;
}

/** Uploads a file as Etherpad's page does. It reports the progress, which `fetch` cannot do. */
function upload(url: string, file: File, progress: (share: number) => void): Promise<Answer> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file, file.name);
    request.upload.addEventListener("progress", ({ loaded, total }) => progress(loaded / total));
    request.addEventListener("loadend", () =>
      resolve({ status: request.status, body: request.responseText }),
    );
    request.open("POST", url);
    request.send(form);
  });
}

export function showExports(pad: Pad, address: string): void {
  byId("exports").replaceChildren(
    ...exportKinds(pad.vars).map((kind) => {
      const link = make("a", "button");
      write(link, `export-${kind}`);
      link.href = `${address}/export/${kind}`;
      link.setAttribute("download", "");
      return make("li", "", link);
    }),
  );
}

/** Imports chosen files. `address` is the pad's address. */
export function takeImports(address: string): void {
  const field = byId<HTMLInputElement>("import-file");
  const bar = byId<HTMLProgressElement>("import-progress");
  const says = (message: string, args: Args = {}): void => tell("import-words", message, args);
  const take = async (file: File): Promise<void> => {
    const { name } = file;
    says("import-sending", { name });
    bar.hidden = false;
    bar.value = 0;
    field.disabled = true;
    const { status, body } = await upload(`${address}/import`, file, (share) => {
      bar.value = share;
      if (share === 1) says("import-working");
    });
    field.disabled = false;
    bar.hidden = true;
    if (status !== 200) {
      const [message, args, why] = importFault(status, body);
      if (why === "") says(message, args);
      else says("import-why", { words: say(message, args), why });
      return;
    }
    says("import-done", { name });
    announce(say("import-done", { name }));
    const { data } = JSON.parse(body) as { data?: { directDatabaseAccess?: boolean } };
    // The pad now has a different history from the one that this page has.
    if (data?.directDatabaseAccess === true) location.reload();
  };

  field.addEventListener("change", () => {
    const file = field.files?.[0];
    if (file === undefined) return;
    void ask("import-ask", { name: file.name }).then(async (wanted) => {
      if (wanted) await take(file);
      field.value = ""; // so that the same file can be chosen again
    });
  });
}
