/** Files that are dropped on the page. */

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
