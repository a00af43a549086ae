/** Formats times in the page's language. */
import { language } from "../words/page.js";

function format(options: Intl.DateTimeFormatOptions, time: number): string {
  return new Intl.DateTimeFormat(language(), options).format(time);
}

/** Returns the time of day, and the date if it is not today. */
export function clock(time: number): string {
  const today = new Date(time).toDateString() === new Date().toDateString();
  return today
    ? format({ hour: "2-digit", minute: "2-digit" }, time)
    : format({ dateStyle: "medium", timeStyle: "short" }, time);
}

/** Returns the date and the time to the second. */
export function exactly(time: number): string {
  return format({ dateStyle: "medium", timeStyle: "medium" }, time);
}
