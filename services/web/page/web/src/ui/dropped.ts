/** Files that are dropped on the page, or pasted. */

/** Whether an element takes dropped files by itself. The text takes those that are text. */
function takes(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(".cm-content, input[type=file]") !== null;
}

/** Keeps browsers from leaving the page in order to show a file that is dropped beside the text. */
export function stayForFiles(): void {
  for (const kind of ["dragover", "drop"] as const)
    addEventListener(kind, (event) => {
      const { dataTransfer, target } = event;
      if (dataTransfer === null || !dataTransfer.types.includes("Files") || takes(target)) return;
      event.preventDefault();
      dataTransfer.dropEffect = "none";
    });
}

/** Whether a file of this MIME type may be text. A browser that does not know the type says "". */
function mayBeText(type: string): boolean {
  return type === "" || type.startsWith("text/") || /json|xml$|yaml|script/.test(type);
}

/**
 * Calls `tell` if files are dropped on the text, or pasted into it, and the text takes none of them.
 * The editor component reads files that are dropped, and none that are pasted.
 */
export function watchForFiles(text: HTMLElement, tell: () => void): void {
  const look = (data: DataTransfer | null, isTaken: (type: string) => boolean): void => {
    const files = [...(data?.files ?? [])];
    const words = data?.getData("text/plain") || data?.getData("text/html");
    if (files.length > 0 && !words && !files.some(({ type }) => isTaken(type))) tell();
  };
  text.addEventListener("drop", (event) => look(event.dataTransfer, mayBeText), true);
  text.addEventListener("paste", (event) => look(event.clipboardData, () => false), true);
}
