// Builds what workers serve: built/assets/* (with a hash of the content in each name, and also as
// .br and .gz), built/pages/<language>/*.html, and built/manifest.json, which lists them.
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

/** The pages in each language, with the path from each page's address to the folder of assets. */
const PAGES = { pad: "../", home: "", forbidden: "../" };

/**
 * A hint to Chromium, for scripts of which nearly everything runs before the user can write: it
 * compiles all functions while the script is loaded, in the background, instead of each one on its
 * first call.
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

/** Writes an asset and its compressed forms. `name` has to change with the contents. */
function keep(file, name, contents) {
  const kind = extname(file);
  writeFileSync(join(FRESH, "assets", name), contents);
  assets[file] = name;
  if (kind === ".png") return;
  const packed = brotliCompressSync(contents); // the default is the best compression
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

/** Returns the name of the file made from a module that other modules import at run time. */
function outputOf({ outputs }, module) {
  const [path] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === module);
  return basename(path);
}

/** Returns the names of that file and of all files that must be loaded before it can run. */
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
  conditions: ["padfleet-source"], // the client library's sources, not its packed form
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
      // The component prepares word segmentation for commands that are not used here. It does so
      // when the script starts, which takes a browser longer than everything else in the script.
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

// Code that few people need is a separate file, whose name the pages' script must contain.
const [codes] = (
  await build({ ...shared, entryPoints: { codes: "web/src/ui/code.ts" }, format: "esm" })
).outputFiles;
put("codes.js", codes.contents);
shared.define.CODES = JSON.stringify(assets["codes.js"]);

const [pad, pages, early] = await Promise.all([
  // The script is split into parts that browsers fetch and compile in parallel. They contain each
  // other's names.
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
  // These scripts run before the page is painted, so they cannot be modules.
  build({
    ...shared,
    entryPoints: { theme: "web/src/theme.ts", first: "web/src/first.ts" },
    format: "iife",
  }),
]);
put("icon.png", readFileSync(join(HERE, "web/src/icon.png")));
for (const { path, contents } of [...pages.outputFiles, ...early.outputFiles]) {
  put(basename(path), contents);
}
// These files are needed before the user can write; the others can come a moment later.
const first = new Set([
  ...needed(pad.metafile, "web/src/pad.ts"),
  ...needed(pad.metafile, "web/src/desk.ts"),
]);
for (const { path, text } of pad.outputFiles) {
  const name = basename(path);
  const entry = outputOf(pad.metafile, "web/src/pad.ts") === name;
  keep(entry ? "pad.js" : name, name, first.has(name) ? `${HINT}\n${text}` : text);
  if (entry) first.delete(name); // the page itself names this file
}
const modules = [...first].map((name) => `<link rel="modulepreload" href="../assets/${name}">`);

for (const language of languages) {
  mkdirSync(join(FRESH, "pages", language.tag), { recursive: true });
  for (const page of Object.keys(PAGES)) {
    // Indentation is only for readers of the source.
    const html = readFileSync(join(HERE, `${page}.html`), "utf8").replace(/\n +/g, "\n");
    const filled = html.replaceAll("{{modules}}", page === "pad" ? modules.join("\n") + "\n" : "");
    const made = fill(filled, language, languages);
    writeFileSync(join(FRESH, "pages", language.tag, `${page}.html`), made);
  }
}
const manifest = { assets, pages: Object.keys(PAGES), languages: languages.map(({ tag }) => tag) };
writeFileSync(join(FRESH, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
// A worker that starts meanwhile finds either the old files or the new ones.
rmSync(BUILT, { recursive: true, force: true });
renameSync(FRESH, BUILT);
