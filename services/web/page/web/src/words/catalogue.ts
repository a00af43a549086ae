/** The page's texts in one language. The catalogues are in `web/words`. */
import { FluentBundle, FluentResource, type FluentVariable } from "@fluent/bundle";

/**
 * The arguments of a message. Numbers are formatted and pluralised by the rules of the language.
 */
export type Args = Record<string, string | number>;

/** The parts of a message that an element gets. */
export interface Parts {
  /** The element's text; null if the message has none, for elements with other content. */
  text: string | null;
  /** The element's attributes, such as `title` and `aria-label`. */
  attributes: [name: string, value: string][];
}

/** Letters that are written from right to left. */
const LEFTWARD =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

export class Catalogue {
  private readonly bundle: FluentBundle;
  private readonly rightToLeft: boolean;

  /** `source` is in the syntax of Fluent. Throws an `Error` if it has syntax errors. */
  constructor(
    readonly language: string,
    source: string,
  ) {
    // `isolated` isolates arguments. The library's isolation would put marks around every number.
    this.bundle = new FluentBundle(language, { useIsolating: false });
    const [fault] = this.bundle.addResource(new FluentResource(source));
    if (fault !== undefined) throw fault;
    this.rightToLeft = LEFTWARD.test(source);
  }

  /** Returns the text of a message, or its key if there is no such message. */
  say(key: string, args: Args = {}): string {
    return this.parts(key, args).text ?? key;
  }

  parts(key: string, args: Args = {}): Parts {
    const { bundle } = this;
    const message = bundle.getMessage(key);
    if (message === undefined) {
      console.error(`there are no words "${key}"`);
      return { text: key, attributes: [] };
    }
    const given = this.isolated(args);
    const faults: Error[] = [];
    const text = message.value && bundle.formatPattern(message.value, given, faults);
    const attributes = Object.entries(message.attributes).map(
      ([name, pattern]): [string, string] => [name, bundle.formatPattern(pattern, given, faults)],
    );
    for (const fault of faults) console.error(`the words "${key}":`, fault);
    return { text, attributes };
  }

  /** Isolates names and the like where they may run in the other direction than the sentence. */
  private isolated(args: Args): Record<string, FluentVariable> {
    return Object.fromEntries(
      Object.entries(args).map(([name, value]) => {
        const mixed = typeof value === "string" && (this.rightToLeft || LEFTWARD.test(value));
        return [name, mixed ? `\u2068${value}\u2069` : value];
      }),
    );
  }
}
