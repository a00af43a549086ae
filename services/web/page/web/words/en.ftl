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

status-loading = Loading…
status-connecting = Connecting…
status-opening = Opening the pad…
status-reconnecting = Reconnecting…
status-connected = Connected
status-saving = Saving…
status-saved = Saved
status-offline = Offline
status-not-connected = Not connected

notice-offline = You’re offline. Keep writing: your changes are kept here and sent when you’re back online.
notice-unreachable = Can’t reach the server. Keep writing: your changes are kept here and sent later.
notice-not-taken = The server isn’t saving changes right now. Keep writing: your changes are kept here and sent later.
notice-not-reached = Can’t reach the server. This page keeps trying.
notice-not-open = This pad can’t be opened right now: the server is there, but its storage isn’t responding. This page keeps trying.
notice-incomplete = Part of this page couldn’t be loaded. This page keeps trying.
notice-not-loaded = This page couldn’t be loaded completely.
notice-again =
    { $seconds ->
        [one] Trying again in { $seconds } second.
       *[other] Trying again in { $seconds } seconds.
    }
notice-denied = You don’t have access to this pad.
notice-deleted = This pad has been deleted. You can still copy its text from here.
notice-kicked = An administrator has sent you away from this pad. Reload the page later to come back.
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

unsent-text = You wrote this on { $time }, and the page was closed before it was sent: “{ $text }”
unsent-changes = You made changes on { $time }, and the page was closed before they were sent.
unsent-put-back = Put back
unsent-discard = Discard
unsent-misfit = The pad has changed too much for this to be put back. You can copy it from here: { $text }
edit-refused = That couldn’t be added: it’s too large for this server, or doesn’t fit the text.
files-refused = Pictures and other files can’t be put into the text.

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
show-cursors = Show other people’s cursors, and mine to them
language = Language
language-auto = Same as browser

## The pad as a whole

pad-button =
    .aria-label = This pad
    .title = This pad: save a copy, import, delete
pad-title = This pad
exports = Save a copy as
export-txt = Plain text
export-html = HTML
export-etherpad = Etherpad
export-docx = Word
export-pdf = PDF
import = Import a file
import-hint = The file replaces everything in this pad. It can be plain text, HTML, or a pad saved as an Etherpad file.
import-progress =
    .aria-label = Upload
import-ask-title = Replace everything in this pad?
import-ask = “{ $name }” replaces the text for everyone.
import-ask-yes = Replace
import-sending = Uploading “{ $name }”…
import-working = Reading the file…
import-done = “{ $name }” has been imported.
import-too-large = This file is too large for the server.
import-not-read = The server couldn’t turn this file into a pad.
import-has-data = This pad has been edited too much to be replaced by a saved one. Import the file into a new pad.
import-not-now = The server can’t import files right now. Try again in a moment.
import-busy = The server is busy with other files. Try again in a few seconds.
import-forbidden = You can’t import files into this pad.
import-lost = The connection was lost during the upload. Try again.
import-other = The file wasn’t imported (error { $status }).
import-why = { $words } Details: { $why }
clear = Author colours
clear-all = Clear all colours…
clear-selection = Clear colours in the selection
clear-hint = Once cleared, nobody can see who wrote the text. You can undo this.
clear-ask-title = Clear all author colours?
clear-ask = Nobody will see who wrote what in this pad. You can undo this.
clear-ask-yes = Clear
cleared = The colours have been cleared. You can undo this.
clear-none = There are no colours to clear.
for-all = For everyone on this pad
for-all-rtl = Text runs from right to left
for-all-chat = Show the chat
for-all-open-chat = Open the chat with the pad
for-all-language = Language of the page
for-all-enforced = People can’t choose differently
for-all-refused = The setting wasn’t changed: { $why }
delete = Delete
delete-pad = Delete this pad…
delete-ask-title = Delete this pad?
delete-ask = “{ $name }” will be deleted for everyone, with its history and chat. You can’t undo this.
delete-ask-yes = Delete
delete-refused = The pad wasn’t deleted: { $why }
ask-no = Cancel
show-codes = Show QR codes
hide-codes = Hide QR codes
codes-failed = The QR codes can’t be drawn: { $why }
code-write =
    .aria-label = QR code of the link for editing
code-read =
    .aria-label = QR code of the link for reading
code-write-caption = To edit
code-read-caption = To read
share-link = Send the link…

## Who wrote what

who-wrote = Who wrote the text at the cursor?
    .aria-label = Who wrote the text at the cursor?
who-you = You wrote this.
who-somebody = { $name } wrote this.
who-anonymous = Someone without a name wrote this.
who-nobody = No author is recorded for this text.
time-authors =
    .aria-label = Authors of this revision
author-you = { $name } (you)
authors-none = No authors
time-restore = Restore this revision…
restore-ask-title = Restore revision { $rev }?
restore-ask = The pad goes back to this revision for everyone. You can undo this.
restore-ask-yes = Restore
restored = Revision { $rev } has been restored. You can undo this.
restore-same = The pad already matches this revision.
restore-failed = The revision couldn’t be restored: { $why }

## Why something did not work

why-not-connected = there’s no connection
why-connection-lost = the connection was lost
why-not-answered = the connection was lost before the server answered, so it may or may not have arrived
why-wrong-key = this browser’s key for deleting it is not the right one
why-not-creator = only the person who created it can do that

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
