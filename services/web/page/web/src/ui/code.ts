/** QR codes. This is a separate file, which is loaded when somebody wants to see a code. */
import { encode } from "uqr";

const SVG = "http://www.w3.org/2000/svg";

/** The width of the empty margin that cameras need around a code, in modules. */
const QUIET = 4;

/** Returns the dark modules of a code as an SVG path, made of runs in each row. */
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

/** Returns a picture of the QR code of `link`. */
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
