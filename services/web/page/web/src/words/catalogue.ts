/** The words of the page in one language at a time; the catalogues are in `web/words`. */
import { FluentBundle, FluentResource, type FluentVariable } from "@fluent/bundle";

/** What is put into a message: numbers are written, and counted, as the language does it. */
export type Args = Record<string, string | number>;

/** What an element is given of a message. */
export interface Parts {
  /** Its text; null where the message has none, for elements that hold something else. */
  text: string | null;
  /** Such as `title` and `aria-label`. */
  attributes: [name: string, value: string][];
}

/** Letters that are written from right to left. */
const LEFTWARD =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

export class Catalogue {
  private readonly bundle: FluentBundle;
  private readonly rightToLeft: boolean;

  /** `source` is in the syntax of Fluent. An Error where it has faults. */
  constructor(
    readonly language: string,
    source: string,
  ) {
    // Isolation is up to `isolated`: the library's would put marks around every number.
    this.bundle = new FluentBundle(language, { useIsolating: false });
    const [fault] = this.bundle.addResource(new FluentResource(source));
    if (fault !== undefined) throw fault;
    this.rightToLeft = LEFTWARD.test(source);
  }

  /** The text of a message; its key where there is no such message. */
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

  /** Names and the like keep to themselves where they may run the other way than the sentence. */
  private isolated(args: Args): Record<string, FluentVariable> {
    return Object.fromEntries(
      Object.entries(args).map(([name, value]) => {
        const mixed = typeof value === "string" && (this.rightToLeft || LEFTWARD.test(value));
        return [name, mixed ? `\u2068${value}\u2069` : value];
      }),
    );
  }
}
