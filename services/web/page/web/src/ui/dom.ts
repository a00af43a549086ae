/**
 * Returns the element with this id. The page's HTML and its code are built together, so a missing
 * one is an error.
 */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as E;
}

/** Returns a new element with a class and children. */
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

/** Returns a small value that this browser keeps; null if there is none or storage is forbidden. */
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
    // The value then lasts for this page only.
  }
}

export function forget(key: string): void {
  try {
    localStorage.removeItem(`padfleet.${key}`);
  } catch {
    // Then there is no stored value to remove.
  }
}

/** Announces what has happened to users of screen readers. */
export function announce(words: string): void {
  byId("said").textContent = words;
}
