/**
 * Stands in the bundle for what the editor component knows of programming languages, which pads have
 * none of: a sixth of the page. The commands that are used here ask for nothing but the unit of
 * indentation; any other has to be missed aloud.
 */

/** How many columns one step of indentation is, as where no language says otherwise. */
export function getIndentUnit(): number {
  return 2;
}

function missing(): never {
  throw new Error("this command needs to know a programming language");
}

export const getIndentation = missing;
export const indentString = missing;
export const matchBrackets = missing;
export const syntaxTree = missing;
export const indentUnit = null;
export const IndentContext = null;
export const NodeProp = null;
