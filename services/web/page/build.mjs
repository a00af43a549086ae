// Makes what workers serve: built/assets/* (names with a hash of the content, and each also as .br
// and .gz), built/pages/<language>/*.html, and built/manifest.json, which says what there is.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { build } from "esbuild";

import { fill, readWords } from "./words.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const FRESH = join(HERE, "built.new");
const BUILT = join(HERE, "built");

/** The pages that there are in each language, and how far up their addresses the assets are. */
const PAGES = { pad: "../", home: "", forbidden: "../" };

/**
 * Nearly all of the script that is needed to write runs before one can. Chromium reads this, and compiles it while
 * it is loaded, beside the main thread, and not each function when it is first called.
 */
const HINT = "//# allFunctionsCalledOnLoad";

const SEGMENTER = "Intl.Segmenter";

rmSync(FRESH, { recursive: true, force: true });
mkdirSync(join(FRESH, "assets"), { recursive: true });
const assets = {};

function put(file, contents) {
  const hash = createHash("sha256").update(contents).digest("base64url").slice(0, 12);
  const kind = extname(file);
  keep(file, `${basename(file, kind)}-${hash}${kind}`, contents);
}

/** `name` has to change with the contents. */
function keep(file, name, contents) {
  const kind = extname(file);
  writeFileSync(join(FRESH, "assets", name), contents);
  assets[file] = name;
  if (kind === ".png") return;
  const packed = brotliCompressSync(contents); // as small as it gets, by default
  writeFileSync(join(FRESH, "assets", `${name}.br`), packed);
  writeFileSync(join(FRESH, "assets", `${name}.gz`), gzipSync(contents, { level: 9 }));
  console.log(`  ${name}  ${(packed.length / 1024).toFixed(1)} KiB packed`);
}

const languages = readWords(join(HERE, "web/words"));
const catalogues = {};
for (const { tag, dir, source } of languages) {
  put(`${tag}.ftl`, source);
  catalogues[tag] = { file: assets[`${tag}.ftl`], dir };
}

/** The name of the file that has been made of a module that others import at run time. */
function outputOf({ outputs }, module) {
  const [path] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === module);
  return basename(path);
}

/** That file, and all that have to be there before it can run. */
function needed({ outputs }, module) {
  const names = Object.fromEntries(Object.keys(outputs).map((path) => [basename(path), path]));
  const found = new Set();
  const add = (name) => {
    if (found.has(name)) return;
    found.add(name);
    for (const { path, kind } of outputs[names[name]].imports)
      if (kind === "import-statement") add(basename(path));
  };
  add(outputOf({ outputs }, module));
  return found;
}

const shared = {
  absWorkingDir: HERE,
  bundle: true,
  conditions: ["padfleet-source"], // the client library as it is here, and not as it is packed
  minify: true,
  alias: {
    "@codemirror/language": join(HERE, "web/src/editor/nolanguage.ts"),
    "@lezer/common": join(HERE, "web/src/editor/nolanguage.ts"),
  },
  target: ["es2022", "chrome111", "firefox113", "safari16.4"],
  outdir: "/",
  write: false,
  legalComments: "none",
  logLevel: "warning",
  define: { CATALOGUES: JSON.stringify(catalogues) },
  plugins: [
    {
      // What finds words within words for commands that are not used here is made when the script
      // begins, and takes a browser longer than all of the rest of it.
      name: "no parts of words",
      setup: (build) =>
        build.onLoad({ filter: /@codemirror\/commands\/dist\/index\.js$/ }, ({ path }) => {
          const source = readFileSync(path, "utf8");
          if (!source.includes(SEGMENTER)) throw new Error(`${path} has no ${SEGMENTER} any more`);
          return { contents: source.replaceAll(SEGMENTER, "undefined"), loader: "js" };
        }),
    },
  ],
};

// What few people need is a file of its own. Its name has to be known to the pages' script.
const [codes] = (
  await build({ ...shared, entryPoints: { codes: "web/src/ui/code.ts" }, format: "esm" })
).outputFiles;
put("codes.js", codes.contents);
shared.define.CODES = JSON.stringify(assets["codes.js"]);

const [pad, pages, theme] = await Promise.all([
  // In parts that browsers fetch and compile side by side. Their names are in each other.
  build({
    ...shared,
    entryPoints: { pad: "web/src/pad.ts" },
    format: "esm",
    splitting: true,
    metafile: true,
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
  }),
  build({
    ...shared,
    entryPoints: { home: "web/src/home.ts", style: "web/src/style.css", icon: "web/src/icon.svg" },
    loader: { ".svg": "copy" },
    format: "esm",
    banner: { js: HINT },
  }),
  // Runs before the page is painted, so it cannot be a module.
  build({ ...shared, entryPoints: { theme: "web/src/theme.ts" }, format: "iife" }),
]);
put("icon.png", readFileSync(join(HERE, "web/src/icon.png")));
for (const { path, contents } of [...pages.outputFiles, ...theme.outputFiles]) {
  put(basename(path), contents);
}
// What is needed to write, as against what can be had a moment later.
const first = new Set([
  ...needed(pad.metafile, "web/src/pad.ts"),
  ...needed(pad.metafile, "web/src/desk.ts"),
]);
for (const { path, text } of pad.outputFiles) {
  const name = basename(path);
  const entry = outputOf(pad.metafile, "web/src/pad.ts") === name;
  keep(entry ? "pad.js" : name, name, first.has(name) ? `${HINT}\n${text}` : text);
  if (entry) first.delete(name); // the page names it itself
}
const modules = [...first].map((name) => `<link rel="modulepreload" href="../assets/${name}">`);

for (const language of languages) {
  mkdirSync(join(FRESH, "pages", language.tag), { recursive: true });
  for (const page of Object.keys(PAGES)) {
    // What is before a line is for whoever reads the source.
    const html = readFileSync(join(HERE, `${page}.html`), "utf8").replace(/\n +/g, "\n");
    const filled = html.replaceAll("{{modules}}", page === "pad" ? modules.join("\n") + "\n" : "");
    const made = fill(filled, language, languages);
    writeFileSync(join(FRESH, "pages", language.tag, `${page}.html`), made);
  }
}
const manifest = { assets, pages: Object.keys(PAGES), languages: languages.map(({ tag }) => tag) };
writeFileSync(join(FRESH, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
// A worker that starts meanwhile finds the old files or the new ones.
rmSync(BUILT, { recursive: true, force: true });
renameSync(FRESH, BUILT);
