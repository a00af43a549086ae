/** Times as people of the page's language write them. */
import { language } from "../words/page.js";

function format(options: Intl.DateTimeFormatOptions, time: number): string {
  return new Intl.DateTimeFormat(language(), options).format(time);
}

/** For what is mostly of today: the hour, and the day where it was another. */
export function clock(time: number): string {
  const today = new Date(time).toDateString() === new Date().toDateString();
  return today
    ? format({ hour: "2-digit", minute: "2-digit" }, time)
    : format({ dateStyle: "medium", timeStyle: "short" }, time);
}

/** To the second. */
export function exactly(time: number): string {
  return format({ dateStyle: "medium", timeStyle: "medium" }, time);
}
