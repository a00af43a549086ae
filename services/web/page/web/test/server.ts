/** A small server for tests, which handles submissions by the rules of real ones. */
import { Collaborator, easysync } from "padfleet-client";
import type { Submission } from "padfleet-client";

interface Revision {
  author: string;
  changeset: string;
}

export interface Sent {
  newRev: number;
  author: string;
  changeset: string;
  apool: easysync.PoolJson;
}

export class Server {
  readonly pool = new easysync.AttributePool();
  readonly body: easysync.Body;
  readonly revisions: Revision[] = [];

  constructor(text: string) {
    const lines = text.split("\n").length - 1;
    this.body = easysync.Body.fromAText({ text, attribs: `|${lines}+${text.length.toString(36)}` });
  }

  get head(): number {
    return this.revisions.length;
  }

  join(author: string): Collaborator {
    const { text, attribs } = this.body.toAText();
    const wire = easysync.prepareForWire(attribs, this.pool);
    return new Collaborator(
      {
        initialAttributedText: { text, attribs: wire.translated },
        apool: wire.pool.toJSON(),
        rev: this.head,
        historicalAuthorData: {},
      },
      author,
    );
  }

  /** Commits a submission. Throws an `Error` if servers would refuse it. */
  commit(author: string, { baseRev, changeset, apool }: Submission): void {
    easysync.checkRep(changeset);
    const wire = easysync.AttributePool.from(apool);
    for (const [, attribs = "", opcode = ""] of easysync
      .unpack(changeset)
      .ops.matchAll(/((?:\*[0-9a-z]+)*)(?:\|[0-9a-z]+)?([-+=])[0-9a-z]+/g)) {
      const named = easysync.attribsOf(attribs, wire).get("author");
      if (opcode === "+" && named !== author) throw new Error(`an insert of ${author} as ${named}`);
      if (opcode === "-" && named !== undefined) throw new Error("a removal with an author");
    }
    let mine = easysync.moveToPool(changeset, wire, this.pool);
    for (const later of this.revisions.slice(baseRev)) {
      mine = easysync.follow(later.changeset, mine, this.pool);
    }
    this.append(author, mine);
  }

  /** Commits an arbitrary change, as the API does. */
  splice(start: number, removed: number, inserted: string): void {
    this.append("", easysync.makeSplice(this.body.text, start, removed, inserted));
  }

  sent(rev: number): Sent {
    const { author, changeset } = this.revisions[rev - 1] as Revision;
    const { translated, pool } = easysync.prepareForWire(changeset, this.pool);
    return { newRev: rev, author, changeset: translated, apool: pool.toJSON() };
  }

  private append(author: string, changeset: string): void {
    this.body.apply(changeset, this.pool);
    this.revisions.push({ author, changeset });
    const { text } = this.body;
    if (!text.endsWith("\n")) this.append("", easysync.makeSplice(text, text.length, 0, "\n"));
  }
}
