// Measures what a page's main thread does between the navigation and one of the page's marks, from
// a trace of Chromium.

/** The categories to trace. */
export const CATEGORIES = ["toplevel", "blink.user_timing"];

/**
 * Returns the time of tasks until `performance.mark(name)`, in ms. `tasks` is by the clock,
 * including the time that the thread waited for the machine; `cpu` is the thread's own, which
 * depends less on other processes.
 */
export function spentUntil(events, name) {
  const mark = events.find((each) => each.name === name && each.cat.includes("user_timing"));
  if (mark === undefined) throw new Error(`the trace has no mark "${name}"`);
  const begun = events.filter(
    ({ name: what, ts, args }) =>
      what === "navigationStart" &&
      ts <= mark.ts &&
      args?.data?.documentLoaderURL?.startsWith("http"),
  );
  const start = begun.at(-1);
  if (start === undefined) throw new Error("the trace has no navigation");
  let tasks = 0;
  let cpu = 0;
  for (const { name: what, pid, tid, ts, dur, tdur = 0 } of events) {
    if (what !== "ThreadControllerImpl::RunTask" || pid !== mark.pid || tid !== mark.tid) continue;
    if (ts < start.ts || ts >= mark.ts) continue;
    const part = Math.min(1, (mark.ts - ts) / Math.max(1, dur)); // the mark is set within a task
    tasks += dur * part;
    cpu += tdur * part;
  }
  return { tasks: tasks / 1000, cpu: cpu / 1000 };
}
