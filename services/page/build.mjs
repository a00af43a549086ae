// Makes what workers serve: ../page/built/assets/* (names with a hash of the content, and each
// also as .gz) and built/manifest.json, which says what belongs to which page.
import { createHash } from "node:crypto";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const FRESH = join(HERE, "built.new");
const BUILT = join(HERE, "built");

const shared = {
  absWorkingDir: HERE,
  bundle: true,
  minify: true,
  target: ["es2022", "chrome111", "firefox113", "safari16.4"],
  outdir: "/",
  write: false,
  legalComments: "none",
  logLevel: "warning",
};

const [pages, theme] = await Promise.all([
  build({
    ...shared,
    entryPoints: {
      pad: "web/src/pad.ts",
      home: "web/src/home.ts",
      style: "web/src/style.css",
      icon: "web/src/icon.svg",
    },
    loader: { ".svg": "copy" },
    format: "esm",
  }),
  // Runs before the page is painted, so it cannot be a module.
  build({ ...shared, entryPoints: { theme: "web/src/theme.ts" }, format: "iife" }),
]);

rmSync(FRESH, { recursive: true, force: true });
mkdirSync(join(FRESH, "assets"), { recursive: true });
const manifest = {};
for (const { path, contents } of [...pages.outputFiles, ...theme.outputFiles]) {
  const hash = createHash("sha256").update(contents).digest("base64url").slice(0, 12);
  const kind = extname(path);
  const name = `${basename(path, kind)}-${hash}${kind}`;
  writeFileSync(join(FRESH, "assets", name), contents);
  const packed = gzipSync(contents, { level: 9 });
  writeFileSync(join(FRESH, "assets", `${name}.gz`), packed);
  manifest[basename(path)] = name;
  console.log(`  ${name}  ${(packed.length / 1024).toFixed(1)} KiB packed`);
}
writeFileSync(join(FRESH, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
// A worker that starts meanwhile finds the old files or the new ones.
rmSync(BUILT, { recursive: true, force: true });
renameSync(FRESH, BUILT);
