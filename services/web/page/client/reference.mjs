// Prints docs/client-typescript.md, which is made from the packed types and their comments: node
// reference.mjs [folder of the types]. `make reference` writes it.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const types = process.argv[2] ?? join(HERE, "dist");

const HEAD = `# The TypeScript client: reference

Made by \`make reference\` from the comments and types of \`padfleet-client\`; a test compares it.
`;

const DECLARATION =
  /^export (?:declare )?(?:abstract )?(class|interface|type|function|const) (\w+)/;

/** Yields the names that a module exports, with the file that each comes from. */
function* exported(file) {
  const source = readFileSync(join(types, file), "utf8");
  for (const [, star, names, from] of source.matchAll(
    /^export (?:type )?(\*(?: as \w+)?|\{([^}]*)\}) from "\.\/(.*)\.js";/gm,
  )) {
    const path = join(dirname(file), `${from}.d.ts`);
    if (star.startsWith("* as ")) yield { namespace: star.slice(5), path };
    for (const name of (names ?? "").split(",")) {
      const plain = name.trim().replace(/^type /, "");
      if (plain !== "") yield { name: plain, path };
    }
  }
}

/** Returns the text of a comment, without its stars. */
function words(comment) {
  return comment
    .replace(/^\s*\/\*\*|\*\/\s*$/g, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .join("\n")
    .trim();
}

/** Returns the top-level declarations of a file, each with its comment and lines. */
function declarations(path) {
  const found = new Map();
  let comment = [];
  let lines = null;
  for (const line of readFileSync(join(types, path), "utf8").split("\n")) {
    if (lines !== null) {
      lines.push(line);
      if (/^\}|^[^\s].*;$/.test(line)) lines = null;
      continue;
    }
    const start = DECLARATION.exec(line);
    if (start !== null) {
      lines = [line];
      const [, kind, name] = start;
      const before = found.get(name);
      found.set(name, { kind, comment: comment.join("\n"), lines, before });
      comment = [];
      if (/;$|\}$/.test(line) && !/[{(]$/.test(line)) lines = null;
    } else if (/^\/\*\*/.test(line) || comment.length > 0) {
      if (/^\/\*\*/.test(line)) comment = [];
      comment.push(line);
      if (!/^(\/\*\*| \*)/.test(line)) comment = [];
    }
  }
  return found;
}

/** Yields the public members, each with its comment. */
function* members(lines) {
  let comment = [];
  let member = [];
  for (const line of lines.slice(1, -1)) {
    if (member.length === 0 && /^ {4}(\/\*\*| \*)/.test(line)) {
      if (/^ {4}\/\*\*/.test(line)) comment = [];
      comment.push(line);
      continue;
    }
    member.push(line.slice(4));
    if (!/[;}]$/.test(line) || /^ {8}/.test(line)) continue;
    const text = member.join("\n");
    if (!/^(private|protected)\b/.test(text)) yield { text, comment: words(comment.join("\n")) };
    comment = [];
    member = [];
  }
}

function describe(name, { kind, comment, lines }) {
  const text = [`\n### ${name}\n`];
  if (comment !== "") text.push(`${words(comment)}\n`);
  const code = lines.join("\n").replace(/^export (declare )?/, "");
  if (kind !== "class" && (kind !== "interface" || lines.length < 3)) {
    text.push(`\`\`\`ts\n${code}\n\`\`\`\n`);
    return text.join("\n");
  }
  text.push(`\`\`\`ts\n${code.split("\n")[0].replace(/ \{$/, "")}\n\`\`\`\n`);
  for (const member of members(lines)) {
    text.push(`\`\`\`ts\n${member.text}\n\`\`\`\n`);
    if (member.comment !== "") text.push(`${member.comment}\n`);
  }
  return text.join("\n");
}

function section(title, names) {
  const files = new Map();
  const parts = [`\n## ${title}\n`];
  for (const { name, path } of names) {
    if (!files.has(path)) files.set(path, declarations(path));
    const found = files.get(path).get(name);
    if (found === undefined) throw new Error(`${path} does not declare ${name}`);
    parts.push(describe(name, found));
  }
  return parts.join("");
}

const ORDER = ["Pad", "PadOptions", "PadEvents", "Status", "Collaborator", "History"];
const place = ({ name }) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);

const all = [...exported("index.d.ts")];
const own = all.filter(({ name }) => name !== undefined);
own.sort((a, b) => place(a) - place(b) || a.name.localeCompare(b.name, "en"));
const text = [HEAD, section("The library", own)];
for (const { namespace, path } of all) {
  if (namespace === undefined) continue;
  const names = [...exported(path)].sort((a, b) => a.name.localeCompare(b.name, "en"));
  text.push(section(`\`${namespace}\``, names));
}
process.stdout.write(text.join("").replace(/\n{3,}/g, "\n\n"));
