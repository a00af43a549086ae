/** Questions to the server that have not been answered yet. */

export interface Question<Answer> {
  answered(answer: Answer): void;
  failed(error: Error): void;
}

export class Questions<Answer> {
  private readonly open = new Map<number, Question<Answer>>();
  private last = 0;

  /**
   * Asks a question. `send` is given its number, and a function to call if the question is refused.
   * Rejects if it is refused or given up.
   */
  ask(send: (number: number, refused: (why: string) => void) => void): Promise<Answer> {
    return new Promise((answered, failed) => {
      const number = ++this.last;
      this.open.set(number, { answered, failed });
      send(number, (why) => {
        this.open.delete(number);
        failed(new Error(why));
      });
    });
  }

  /** Passes on the answer to a question. Without a number, it is for the oldest question. */
  answer(answer: Answer, number?: number): void {
    const asked = number ?? this.open.keys().next().value;
    if (asked === undefined) return;
    this.open.get(asked)?.answered(answer);
    this.open.delete(asked);
  }

  giveUp(why: string): void {
    const given = [...this.open.values()];
    this.open.clear();
    for (const question of given) question.failed(new Error(why));
  }
}
