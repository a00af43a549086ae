/** QR codes: a file of its own, which is loaded when somebody wants to see one. */
import { encode } from "uqr";

const SVG = "http://www.w3.org/2000/svg";

/** Modules that have to be free around a code, for cameras to find it. */
const QUIET = 4;

/** The dark modules of a code as the path of an SVG: runs of them, row by row. */
export function codePath(rows: readonly (readonly boolean[])[]): string {
  const parts: string[] = [];
  for (const [y, row] of rows.entries()) {
    for (let x = 0; x < row.length; x += 1) {
      const start = x;
      while (row[x]) x += 1;
      if (x > start) parts.push(`M${start} ${y}h${x - start}v1h-${x - start}z`);
    }
  }
  return parts.join("");
}

/** A picture of the code of `link`. */
export function drawCode(link: string): SVGSVGElement {
  const { data, size } = encode(link, { ecc: "M", border: 0 });
  const picture = document.createElementNS(SVG, "svg");
  const wide = size + 2 * QUIET;
  picture.setAttribute("viewBox", `${-QUIET} ${-QUIET} ${wide} ${wide}`);
  picture.setAttribute("class", "code");
  picture.setAttribute("role", "img");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", codePath(data));
  picture.append(path);
  return picture;
}
