/**
 * A pad at any of its revisions, computed from the answers to CHANGESET_REQ. It is pure, and asks
 * the server through a function.
 */
import { type AText, AttributePool, Body, moveToPool } from "./easysync/index.js";
import type { ChangesetAnswer } from "./messages.js";

/** The numbers of revisions that one changeset may span, widest first. */
const GRANULARITIES = [100, 10, 1] as const;

/** The number of changesets in one answer. */
const PER_ANSWER = 100;

/** Asks the server for changesets, as `Pad.changesets` does. */
export type Ask = (start: number, granularity: number) => Promise<ChangesetAnswer>;

interface Edge {
  forwards: string;
  backwards: string;
}

/**
 * Holds the document at one revision, `rev`, and moves it with `goTo`. Wide steps are taken where
 * they fit, so that the way over ten thousand revisions takes about a hundred changesets and a few
 * requests.
 */
export class History {
  private readonly pool: AttributePool;
  private readonly edges = new Map<string, Edge>();
  private readonly asked = new Map<string, Promise<void>>();
  private readonly times = new Map<number, number>();
  private body: Body;
  private at: number;

  /**
   * `start` is the pad at `rev`, as in CLIENT_VARS, and `time` the time of that revision's commit
   * in ms.
   */
  constructor(
    start: AText,
    pool: AttributePool,
    rev: number,
    time: number | undefined,
    private readonly ask: Ask,
  ) {
    this.body = Body.fromAText(start);
    this.pool = pool;
    this.at = rev;
    if (time !== undefined) this.times.set(rev, time);
  }

  get rev(): number {
    return this.at;
  }

  get document(): Body {
    return this.body;
  }

  get attributes(): AttributePool {
    return this.pool;
  }

  /** When the current revision was committed, in ms since 1970, if known. */
  get time(): number | undefined {
    return this.times.get(this.at);
  }

  /**
   * Moves to revision `target`. Throws the errors of `Ask`, and then stays at a revision on the
   * way.
   */
  async goTo(target: number): Promise<void> {
    while (this.at !== target) {
      const forwards = target > this.at;
      const step = widest(this.at, target);
      const low = forwards ? this.at : this.at - step;
      const edge = await this.edge(low, step);
      const next = this.body.clone();
      next.apply(forwards ? edge.forwards : edge.backwards, this.pool);
      this.body = next;
      this.at = forwards ? low + step : low;
    }
  }

  /**
   * Returns the change that revision `rev` has made, in the numbers of `attributes`. Throws the
   * errors of `Ask`.
   */
  async changesetTo(rev: number): Promise<string> {
    return (await this.edge(rev - 1, 1)).forwards;
  }

  /** Returns the changesets between `low` and `low + step`, in both directions. */
  private async edge(low: number, step: number): Promise<Edge> {
    const key = `${low}+${step}`;
    let edge = this.edges.get(key);
    if (edge === undefined) {
      // Answers begin at multiples of their length, so that each is requested only once. They count
      // from the empty pad, which is revision -1.
      const start = Math.floor((low + 1) / (step * PER_ANSWER)) * step * PER_ANSWER;
      await this.load(start, step);
      edge = this.edges.get(key);
    }
    if (edge === undefined) {
      throw new Error(`the server has no changeset from revision ${low} to ${low + step}`);
    }
    return edge;
  }

  private load(start: number, granularity: number): Promise<void> {
    const key = `${start}/${granularity}`;
    let loading = this.asked.get(key);
    if (loading === undefined) {
      loading = this.ask(start, granularity).then((answer) => this.keep(answer));
      this.asked.set(key, loading);
      // Only requests under way are shared. At the end of a growing pad, an earlier answer would
      // lack later revisions, and after a failure there is no answer.
      void loading.finally(() => this.asked.delete(key)).catch(() => undefined);
    }
    return loading;
  }

  private keep(answer: ChangesetAnswer): void {
    const { start, granularity, actualEndNum, timeDeltas } = answer;
    const wire = AttributePool.from(answer.apool);
    const steps = answer.forwardsChangesets.length;
    for (let i = 0; i < steps; i += 1) {
      const low = start + i * granularity - 1;
      const forwards = answer.forwardsChangesets[i];
      const backwards = answer.backwardsChangesets[i];
      if (low + granularity > actualEndNum - 1) break;
      if (forwards === undefined || backwards === undefined) break;
      this.edges.set(`${low}+${granularity}`, {
        forwards: moveToPool(forwards, wire, this.pool),
        backwards: moveToPool(backwards, wire, this.pool),
      });
    }
    // Times are sent as differences, so they spread from any revision whose time is known.
    for (let i = steps - 1; i >= 0; i -= 1)
      this.spread(start + i * granularity - 1, granularity, timeDeltas[i]);
    for (let i = 0; i < steps; i += 1)
      this.spread(start + i * granularity - 1, granularity, timeDeltas[i]);
  }

  private spread(low: number, step: number, delta: number | undefined): void {
    if (delta === undefined || low < 0) return;
    const before = this.times.get(low);
    const after = this.times.get(low + step);
    if (before !== undefined && after === undefined) this.times.set(low + step, before + delta);
    if (before === undefined && after !== undefined) this.times.set(low, after - delta);
  }
}

/** Returns the widest step from `at` towards `target` that begins and ends where such steps do. */
export function widest(at: number, target: number): number {
  const left = Math.abs(target - at);
  return GRANULARITIES.find((g) => (at + 1) % g === 0 && left >= g) ?? 1;
}
