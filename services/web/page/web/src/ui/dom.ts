/** The element with this id. The page's HTML and its code are built together, so it is there. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as E;
}

/** A new element with a class and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  element.append(...children);
  return element;
}

/** Something small that this browser keeps; null where storage is forbidden or empty. */
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(`padfleet.${key}`);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`padfleet.${key}`, value);
  } catch {
    // Then it holds for this page only.
  }
}

export function forget(key: string): void {
  try {
    localStorage.removeItem(`padfleet.${key}`);
  } catch {
    // Then it was not kept either.
  }
}

/** Tells those who listen to the page what has happened. */
export function announce(words: string): void {
  byId("said").textContent = words;
}
