/** What the editor says, in one place. */
export const WORDS = {
  openLink: (place: string): string => `Open ${place}`,
  openLinkKeys: "Open the link in a new tab (Ctrl+Enter)",
} as const;
