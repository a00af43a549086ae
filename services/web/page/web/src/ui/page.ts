/** What all parts of the page of a pad share. */
import type { Early, PatientPad } from "./early.js";
import type { StatusLine } from "./statusline.js";
import type { Wishes } from "./wishes.js";

/** The objects that all parts of the page share. */
export interface Page {
  pad: PatientPad;
  early: Early;
  line: StatusLine;
  wishes: Wishes;
  nonce: string;
  /** The pad's address. */
  here: string;
  /** Call this when the pad is visible. */
  shown: () => void;
}
