/** The people who are on the pad now, and all who have ever written on it. */
import type { ClientVars, CollabMessage, UserInfo } from "./messages.js";

export interface Person {
  id: string;
  name: string | null;
  /** The colour as "#rrggbb". */
  color: string;
}

const UNKNOWN = "#9aa0a6";

export class People {
  private palette: string[] = [];
  private readonly known = new Map<string, Person>();
  private readonly hereNow = new Map<string, Person>();

  /** The people who are on the pad, by author id, including this client. */
  get present(): ReadonlyMap<string, Person> {
    return this.hereNow;
  }

  /** Everybody who is or was on the pad, by author id. */
  get everybody(): ReadonlyMap<string, Person> {
    return this.known;
  }

  learn(variables: ClientVars): void {
    this.palette = variables.colorPalette;
    for (const [id, who] of Object.entries(variables.collab_client_vars.historicalAuthorData)) {
      this.known.set(id, this.person({ userId: id, ...who }));
    }
    const { userId, userColor, userName = null } = variables;
    this.here({ userId, colorId: userColor, name: userName });
  }

  /** Takes in a message about people on the pad. Returns the ids of those who have left. */
  heed(message: Extract<CollabMessage, { type: `USER${string}` }>): string[] {
    if (message.type === "USER_NEWINFO") {
      this.here(message.userInfo);
      return [];
    }
    const told = message.type === "USERS";
    for (const [userId, colorId, name] of (told && message.users) || [])
      this.here({ userId, colorId, name });
    const left = told ? (message.left ?? []) : [message.userInfo.userId];
    for (const id of left) this.left(id);
    return left;
  }

  here(info: UserInfo): void {
    const person = this.person(info);
    this.known.set(person.id, person);
    this.hereNow.set(person.id, person);
  }

  left(id: string): void {
    this.hereNow.delete(id);
  }

  onlyMe(id: string): void {
    for (const other of [...this.hereNow.keys()]) if (other !== id) this.hereNow.delete(other);
  }

  private person({ userId, name, colorId }: UserInfo): Person {
    const color = typeof colorId === "number" ? this.palette[colorId] : colorId;
    // Colours go into style sheets, so anything that is not a colour is replaced.
    const safe = typeof color === "string" && /^#[0-9a-f]{3,8}$/i.test(color) ? color : UNKNOWN;
    return { id: userId, name: typeof name === "string" && name !== "" ? name : null, color: safe };
  }
}
