// What a page's main thread has done from the navigation on until a mark of the page's own, by a
// trace of Chromium.

/** What has to be traced. */
export const CATEGORIES = ["toplevel", "blink.user_timing"];

/**
 * Milliseconds of tasks until `performance.mark(name)`: `tasks` by the clock, with what the thread had
 * to wait for the machine, and `cpu` of its own, which depends less on what else runs there.
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
