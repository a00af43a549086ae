# The words of the page. Project Fluent: https://projectfluent.org/fluent/guide/
#
# A message's value is an element's text; its attributes are the element's title, label, and so on.
# Every catalogue here has the same messages with the same attributes and variables, which a test
# compares.

## Keys of the keyboard, as they are printed on it

key-ctrl = Ctrl
key-shift = Shift
key-alt = Alt
key-enter = Enter
key-escape = Esc
key-tab = Tab

## The bar at the top

skip-to-text = Skip to the text
brand =
    .aria-label = padfleet, start page
    .title = Start page
read-only = read only
people-button =
    .aria-label =
        { $count ->
            [one] { $count } person here
           *[other] { $count } people here
        }
    .title =
        { $count ->
            [one] { $count } person here
           *[other] { $count } people here
        }
chat-button =
    .aria-label =
        { $unread ->
            [0] Chat
            [one] Chat, { $unread } new message
           *[other] Chat, { $unread } new messages
        }
    .title = Chat
history-button =
    .aria-label = History
    .title = History
settings-button =
    .aria-label = Share and settings
    .title = Share and settings

keys-button =
    .aria-label = Keyboard shortcuts
    .title = Keyboard shortcuts

## How the connection is

status-connecting = Connecting…
status-reconnecting = Reconnecting…
status-connected = Connected
status-saving = Saving…
status-saved = Saved
status-offline = Offline
status-not-connected = Not connected

notice-offline = You’re offline. Keep writing: your changes are kept here and sent when you’re back online.
notice-unreachable = Can’t reach the server. Keep writing: your changes are kept here and sent later.
notice-not-open = This pad can’t be opened right now: the server or its storage isn’t responding. This page keeps trying.
notice-again =
    { $seconds ->
        [one] Trying again in { $seconds } second.
       *[other] Trying again in { $seconds } seconds.
    }
notice-denied = You don’t have access to this pad.
notice-deleted = This pad has been deleted. You can still copy its text from here.
notice-other-window = You opened this pad in another window, and that one has taken over.
notice-too-fast = You were sending changes faster than this server allows.
notice-damaged = This pad is damaged on the server. Copy anything you need from here.
notice-too-large = What you added is too large for this server. Copy anything you need, then reload the page.
notice-diverged = This copy no longer matches the one on the server. Copy anything you need, then reload the page.
button-try-now = Try now
button-reload = Reload
button-ok = OK

## The tools above the text

tools =
    .aria-label = Formatting
tool-bold =
    .aria-label = Bold
tool-italic =
    .aria-label = Italic
tool-underline =
    .aria-label = Underline
tool-strikethrough =
    .aria-label = Strikethrough
tool-list =
    .aria-label = Bulleted list
tool-numbers =
    .aria-label = Numbered list
tool-outdent =
    .aria-label = Decrease indent
    .title = Decrease indent
tool-indent =
    .aria-label = Increase indent
    .title = Increase indent
tool-find =
    .aria-label = Find and replace
tool-heading =
    .aria-label = Paragraph style
    .title = Paragraph style
heading-none = Text
heading-1 = Heading 1
heading-2 = Heading 2
heading-3 = Heading 3
heading-4 = Heading 4
tool-undo =
    .aria-label = Undo
tool-redo =
    .aria-label = Redo

open-link = Open { $place }

## Find and replace

find =
    .aria-label = Find and replace
find-text =
    .aria-label = Find
    .placeholder = Find
find-replacement =
    .aria-label = Replace with
    .placeholder = Replace with
find-previous =
    .aria-label = Previous match
    .title = Previous match
find-next =
    .aria-label = Next match
    .title = Next match
find-close =
    .aria-label = Close
    .title = Close
find-replace = Replace
find-replace-all = Replace all
find-case = Match case
find-word = Whole words
find-regexp = Regular expression
find-none = No matches
find-some =
    { $of ->
        [one] { $of } match
       *[other] { $of } matches
    }
find-many = More than { $of } matches
find-at = { $at } of { $of }
find-invalid = Not a regular expression
# Said aloud: “Current match. The text of the line, on line 12.”
find-current = Current match
find-on-line = on line
find-replaced-one = Replaced the match on line { $line }
find-replaced = Matches replaced: { $count }

text-of-pad = Text of the pad
text-of-past = Text of the pad at this revision

leave-hint = Tab indents. To leave the text, press Escape, then Tab.

## The sheet of keys

keys-title = Keyboard shortcuts
keys-indent = Indent
keys-outdent = Indent less
keys-leave = Leave the text
keys-heading = Heading 1 (and 2 to 4)
keys-link = Open the link at the cursor
keys-save = Save the current revision
keys-help = Show this list
keys-then = then

## The history

time =
    .aria-label = History
time-play =
    .aria-label = Play
    .title = Play
time-pause =
    .aria-label = Pause
    .title = Pause
time-back =
    .aria-label = Previous revision
    .title = Previous revision
time-next =
    .aria-label = Next revision
    .title = Next revision
time-slider =
    .aria-label = Revision
time-save =
    .aria-label = Save the current revision
    .title = Save the current revision
time-close = Back to the pad
time-at = Revision { $rev } of { $head }
time-saved = saved
time-revision = Revision { $rev }
time-star = { $label }, saved
time-failed = The history can’t be loaded right now: { $why }
revision-not-saved = The revision couldn’t be saved: { $why }
revision-saved = Revision { $rev } has been saved.

## The people who are here

panel-close =
    .aria-label = Close
    .title = Close
people-title = People
my-color = Your colour
my-name-label = Your name
my-name =
    .placeholder = Anonymous
anonymous = Anonymous
others =
    .aria-label = Other people here
alone = You’re the only one here. Send someone the link.
copy-link = Copy link

## The chat

chat-title = Chat
chat-lines =
    .aria-label = Messages
chat-earlier = Earlier messages
chat-empty = No messages yet.
chat-readers = The chat is for people who can edit this pad. You’ll see what they write while you’re here.
chat-message = Message
chat-field =
    .placeholder = Write a message
chat-send =
    .aria-label = Send
    .title = Send
chat-says = { $name } says: { $text }
chat-failed = Earlier messages can’t be loaded: { $why }
chat-not-sent = Your message wasn’t sent: { $why }

edit-refused = That couldn’t be added: it’s too large for this server, or doesn’t fit the text.

## Sharing and settings

settings-title = Share and settings
settings-close =
    .aria-label = Close
    .title = Close
share = Share
share-write = Anyone with this link can edit
share-read = Anyone with this link can read, but not edit
copy = Copy
copied = Copied
link-copied = The link has been copied.
copy-refused = Couldn’t copy
appearance = Appearance
theme =
    .aria-label = Theme
theme-auto = System
theme-light = Light
theme-dark = Dark
show-colors = Show author colours
show-mono = Fixed-width font
language = Language
language-auto = Same as browser

## Why something did not work

why-not-connected = there’s no connection
why-connection-lost = the connection was lost
why-not-answered = the connection was lost before the server answered, so it may or may not have arrived

## The start page

start-title = padfleet: write together
start-heading = Write together
start-lead = A pad is a page that everyone with its link can edit at the same time. Everything is saved as you type.
start-name = Pad name
start-field =
    .placeholder = team-notes
start-open = Open
start-wrong-name = A pad name has 1 to 50 characters and can’t contain a $ sign.
start-fresh = New pad with a hard-to-guess name
start-recent = Recent pads
needs-javascript = This page needs JavaScript.

## The page for names that no pad can have

forbidden-title = No such pad | padfleet
forbidden-heading = A pad can’t have this name
forbidden-lead = A pad name has 1 to 50 characters and can’t contain a $ sign.
forbidden-back = Choose another name
