/** What has been asked of the server and not been answered yet. */

export interface Question<Answer> {
  answered(answer: Answer): void;
  failed(error: Error): void;
}

export class Questions<Answer> {
  private readonly open = new Map<number, Question<Answer>>();
  private last = 0;

  /** Asks by `send`, which is given a number for the question, and what to call if it is refused. */
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

  /** The answer to a question; without its number, to the oldest. */
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
