/**
 * Finds in code what it says to people: the messages that it names, and texts that are not in a
 * catalogue.
 */
import { type AnyNode, type CallExpression, type Node, parse, type Property } from "acorn";
import { ancestor } from "acorn-walk";
import { transformSync } from "esbuild";

/** Properties and attributes that people see or hear. */
const SHOWN = new Set([
  "alt",
  "aria-description",
  "aria-label",
  "aria-placeholder",
  "aria-valuetext",
  "ariaLabel",
  "innerText",
  "label",
  "placeholder",
  "textContent",
  "title",
]);

/** Functions that show their arguments, with the number of the first one that they show. */
const SHOWING = new Map([
  ["alert", 0],
  ["announce", 0],
  ["append", 0],
  ["confirm", 0],
  ["createTextNode", 0],
  ["make", 2],
  ["prepend", 0],
  ["prompt", 0],
  ["replaceChildren", 0],
  ["replaceWith", 0],
  ["toast", 0],
  ["writeVerbatim", 1],
]);

/** Functions whose strings are for programmers, or are names. */
const SILENT = new Set([
  "Error",
  "RangeError",
  "TypeError",
  "debug",
  "error",
  "log",
  "say",
  "warn",
]);

/** Functions that take the name of a message, with the number of that argument. */
const SAYING = new Map([
  ["say", 0],
  ["write", 1],
]);

const WORD = /\p{L}{2}/u;

/**
 * Matches what looks like a sentence: a capitalised word and another word. Class names and
 * selectors do not.
 */
const SENTENCE = /^\s*\p{Lu}\p{Ll}*[’']?\p{Ll}* \p{L}/u;

function tree(source: string): Node {
  const { code } = transformSync(source, { loader: "ts", target: "es2022" });
  return parse(code, { ecmaVersion: 2022, sourceType: "module" });
}

function nameOf(node: AnyNode): string {
  if (node.type === "Identifier") return node.name;
  if (node.type === "MemberExpression") return nameOf(node.property as AnyNode);
  return node.type === "Literal" ? String(node.value) : "";
}

/** Returns the literal part of a string, or null if the node is not a string. */
function literal(node: AnyNode): string | null {
  if (node.type === "Literal") return typeof node.value === "string" ? node.value : null;
  if (node.type !== "TemplateLiteral") return null;
  return node.quasis.map(({ value }) => value.cooked ?? "").join("\u0000");
}

function argumentOf(call: CallExpression, within: AnyNode[]): number {
  return call.arguments.findIndex((each) => within.includes(each));
}

function ofForm(callee: AnyNode): boolean {
  return callee.type === "MemberExpression" && /^form(Data)?$/.test(nameOf(callee.object));
}

/** Whether the node at the end of `path` is shown to people, judging by where its value goes. */
function isShown(path: AnyNode[]): boolean {
  for (let index = path.length - 2; index >= 0; index -= 1) {
    const node = path[index] as AnyNode;
    const below = path.slice(index + 1);
    if (node.type === "CallExpression" || node.type === "NewExpression") {
      const from = SHOWING.get(nameOf(node.callee as AnyNode));
      const at = argumentOf(node as CallExpression, below);
      // A form's fields have names, which nobody sees.
      if (from !== undefined) return at >= from && !ofForm(node.callee as AnyNode);
      if (nameOf(node.callee as AnyNode) === "setAttribute" && at === 1)
        return SHOWN.has(literal(node.arguments[0] as AnyNode) ?? "");
      return false;
    }
    if (node.type === "AssignmentExpression" && below.includes(node.right))
      return SHOWN.has(nameOf(node.left as AnyNode));
    if (node.type === "Property") return SHOWN.has(nameOf((node as Property).key as AnyNode));
    // Values that are compared are not shown, and neither are those within a function.
    if (/BinaryExpression|Function|Member/.test(node.type)) {
      if (node.type !== "BinaryExpression" || node.operator !== "+") return false;
    }
  }
  return false;
}

function isSilent(path: AnyNode[]): boolean {
  return path.some((node) => {
    const call = node.type === "CallExpression" || node.type === "NewExpression";
    return call && SILENT.has(nameOf(node.callee as AnyNode));
  });
}

/** Returns the texts for people in the code. */
export function texts(source: string): string[] {
  const found: string[] = [];
  const look = (node: Node, _state: unknown, path: Node[]): void => {
    const text = literal(node as AnyNode);
    if (text === null || !WORD.test(text) || isSilent(path as AnyNode[])) return;
    if (isShown(path as AnyNode[]) || SENTENCE.test(text)) found.push(text);
  };
  ancestor(tree(source), { Literal: look, TemplateLiteral: look });
  return found;
}

/**
 * Returns the messages that the code names, and all strings that may be such names, whether whole
 * or put together from parts.
 */
export function sayings(source: string): {
  named: string[];
  literals: string[];
  patterns: RegExp[];
} {
  const named: string[] = [];
  const literals: string[] = [];
  const patterns: RegExp[] = [];
  const look = (node: Node): void => {
    const text = literal(node as AnyNode);
    if (text === null) return;
    literals.push(text);
    if (/^[a-z\u0000-]*-[a-z\u0000-]*$/.test(text) && text.includes("\u0000"))
      patterns.push(new RegExp(`^${text.replaceAll("\u0000", "[a-z0-9-]+")}$`));
  };
  ancestor(tree(source), {
    Literal: look,
    TemplateLiteral: look,
    CallExpression(node) {
      const at = SAYING.get(nameOf(node.callee as AnyNode));
      const given = at === undefined ? undefined : node.arguments[at];
      const branches =
        given?.type === "ConditionalExpression" ? [given.consequent, given.alternate] : [given];
      for (const each of branches) {
        if (each?.type === "Literal" && typeof each.value === "string") named.push(each.value);
      }
    },
  });
  return { named, literals, patterns };
}
