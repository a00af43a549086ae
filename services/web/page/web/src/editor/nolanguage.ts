/**
 * Replaces, in the bundle, the editor component's code for programming languages, which pads do not
 * use and which would be a sixth of the page. The commands used here only need the unit of
 * indentation. Any other use must fail with an error.
 */

/** Returns the number of columns of one step of indentation, which is the component's default. */
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
