# Written by hand; see en.ftl, whose messages these are.

## Keys of the keyboard, as they are printed on it

key-ctrl = Strg
key-shift = Umschalt
key-alt = Alt
key-enter = Eingabe
key-escape = Esc
key-tab = Tab

## The bar at the top

skip-to-text = Zum Text springen
brand =
    .aria-label = padfleet, Startseite
    .title = Startseite
read-only = nur lesen
people-button =
    .aria-label =
        { $count ->
            [one] { $count } Person hier
           *[other] { $count } Personen hier
        }
    .title =
        { $count ->
            [one] { $count } Person hier
           *[other] { $count } Personen hier
        }
chat-button =
    .aria-label =
        { $unread ->
            [0] Chat
            [one] Chat, { $unread } neue Nachricht
           *[other] Chat, { $unread } neue Nachrichten
        }
    .title = Chat
history-button =
    .aria-label = Verlauf
    .title = Verlauf
settings-button =
    .aria-label = Teilen und Einstellungen
    .title = Teilen und Einstellungen
keys-button =
    .aria-label = Tastenkürzel
    .title = Tastenkürzel

## How the connection is

status-loading = Laden …
status-connecting = Verbinden …
status-opening = Pad wird geöffnet …
status-reconnecting = Neu verbinden …
status-connected = Verbunden
status-saving = Speichern …
status-saved = Gespeichert
status-offline = Offline
status-not-connected = Nicht verbunden
notice-offline = Du bist offline. Schreib ruhig weiter: Deine Änderungen bleiben hier und werden gesendet, sobald du wieder online bist.
notice-unreachable = Der Server ist nicht erreichbar. Schreib ruhig weiter: Deine Änderungen bleiben hier und werden später gesendet.
notice-not-taken = Der Server speichert gerade keine Änderungen. Schreib ruhig weiter: Deine Änderungen bleiben hier und werden später gesendet.
notice-not-reached = Der Server ist nicht erreichbar. Diese Seite versucht es weiter.
notice-not-open = Dieses Pad lässt sich gerade nicht öffnen: Der Server ist da, aber sein Speicher antwortet nicht. Diese Seite versucht es weiter.
notice-incomplete = Ein Teil dieser Seite konnte nicht geladen werden. Sie versucht es weiter.
notice-not-loaded = Diese Seite konnte nicht vollständig geladen werden.
notice-again =
    { $seconds ->
        [one] Nächster Versuch in { $seconds } Sekunde.
       *[other] Nächster Versuch in { $seconds } Sekunden.
    }
notice-denied = Du hast keinen Zugriff auf dieses Pad.
notice-deleted = Dieses Pad wurde gelöscht. Du kannst den Text hier noch kopieren.
notice-kicked = Jemand aus der Verwaltung hat dich aus diesem Pad geholt. Lade die Seite später neu, wenn du zurückkommen möchtest.
notice-other-window = Du hast dieses Pad in einem anderen Fenster geöffnet; dort geht es weiter.
notice-too-fast = Du hast schneller Änderungen gesendet, als dieser Server erlaubt.
notice-damaged = Dieses Pad ist auf dem Server beschädigt. Kopiere hier, was du noch brauchst.
notice-too-large = Was du eingefügt hast, ist für diesen Server zu groß. Kopiere, was du brauchst, und lade die Seite neu.
notice-diverged = Diese Kopie stimmt nicht mehr mit der auf dem Server überein. Kopiere, was du brauchst, und lade die Seite neu.
button-try-now = Jetzt versuchen
button-reload = Neu laden
button-ok = OK

## The tools above the text

tools =
    .aria-label = Formatierung
tool-bold =
    .aria-label = Fett
tool-italic =
    .aria-label = Kursiv
tool-underline =
    .aria-label = Unterstrichen
tool-strikethrough =
    .aria-label = Durchgestrichen
tool-list =
    .aria-label = Aufzählung
tool-numbers =
    .aria-label = Nummerierte Liste
tool-outdent =
    .aria-label = Einzug verkleinern
    .title = Einzug verkleinern
tool-indent =
    .aria-label = Einzug vergrößern
    .title = Einzug vergrößern
tool-find =
    .aria-label = Suchen und ersetzen
tool-heading =
    .aria-label = Absatzformat
    .title = Absatzformat
heading-none = Text
heading-1 = Überschrift 1
heading-2 = Überschrift 2
heading-3 = Überschrift 3
heading-4 = Überschrift 4
tool-undo =
    .aria-label = Rückgängig
tool-redo =
    .aria-label = Wiederholen
open-link = { $place } öffnen

## Find and replace

find =
    .aria-label = Suchen und ersetzen
find-text =
    .aria-label = Suchen
    .placeholder = Suchen
find-replacement =
    .aria-label = Ersetzen durch
    .placeholder = Ersetzen durch
find-previous =
    .aria-label = Voriger Treffer
    .title = Voriger Treffer
find-next =
    .aria-label = Nächster Treffer
    .title = Nächster Treffer
find-close =
    .aria-label = Schließen
    .title = Schließen
find-replace = Ersetzen
find-replace-all = Alle ersetzen
find-case = Groß-/Kleinschreibung
find-word = Ganze Wörter
find-regexp = Regulärer Ausdruck
find-none = Keine Treffer
find-some =
    { $of ->
        [one] { $of } Treffer
       *[other] { $of } Treffer
    }
find-many = Mehr als { $of } Treffer
find-at = { $at } von { $of }
find-invalid = Kein regulärer Ausdruck
find-current = Aktueller Treffer
find-on-line = in Zeile
find-replaced-one = Treffer in Zeile { $line } ersetzt
find-replaced = Ersetzte Treffer: { $count }
text-of-pad = Text des Pads
text-of-past = Text des Pads in dieser Revision
leave-hint = Die Tabulatortaste rückt ein. Um den Text zu verlassen, drücke Escape und dann Tab.

## The sheet of keys

keys-title = Tastenkürzel
keys-indent = Einrücken
keys-outdent = Weniger einrücken
keys-leave = Den Text verlassen
keys-heading = Überschrift 1 (und 2 bis 4)
keys-link = Link unter dem Cursor öffnen
keys-save = Aktuelle Revision speichern
keys-help = Diese Liste zeigen
keys-then = dann

## The history

time =
    .aria-label = Verlauf
time-play =
    .aria-label = Abspielen
    .title = Abspielen
time-pause =
    .aria-label = Anhalten
    .title = Anhalten
time-back =
    .aria-label = Vorherige Revision
    .title = Vorherige Revision
time-next =
    .aria-label = Nächste Revision
    .title = Nächste Revision
time-slider =
    .aria-label = Revision
time-save =
    .aria-label = Aktuelle Revision speichern
    .title = Aktuelle Revision speichern
time-close = Zurück zum Pad
time-at = Revision { $rev } von { $head }
time-saved = gespeichert
time-revision = Revision { $rev }
time-star = { $label }, gespeichert
time-failed = Der Verlauf lässt sich gerade nicht laden: { $why }
revision-not-saved = Die Revision konnte nicht gespeichert werden: { $why }
revision-saved = Revision { $rev } wurde gespeichert.

## The people who are here

panel-close =
    .aria-label = Schließen
    .title = Schließen
people-title = Personen
my-color = Deine Farbe
my-name-label = Dein Name
my-name =
    .placeholder = Anonym
anonymous = Anonym
others =
    .aria-label = Andere Personen hier
alone = Du bist allein hier. Schick jemandem den Link.
copy-link = Link kopieren

## The chat

chat-title = Chat
chat-lines =
    .aria-label = Nachrichten
chat-earlier = Frühere Nachrichten
chat-empty = Noch keine Nachrichten.
chat-readers = Im Chat schreiben nur Personen, die dieses Pad bearbeiten dürfen. Du siehst, was sie schreiben, solange du hier bist.
chat-message = Nachricht
chat-field =
    .placeholder = Nachricht schreiben
chat-send =
    .aria-label = Senden
    .title = Senden
chat-says = { $name } schreibt: { $text }
chat-failed = Frühere Nachrichten lassen sich nicht laden: { $why }
chat-not-sent = Deine Nachricht wurde nicht gesendet: { $why }
unsent-text = Das hast du am { $time } geschrieben, und die Seite wurde geschlossen, bevor es gesendet war: „{ $text }“
unsent-changes = Du hast am { $time } etwas geändert, und die Seite wurde geschlossen, bevor es gesendet war.
unsent-put-back = Wieder einfügen
unsent-discard = Verwerfen
unsent-misfit = Das Pad hat sich zu sehr verändert, um das wieder einzufügen. Du kannst es hier kopieren: { $text }
edit-refused = Das konnte nicht eingefügt werden: Es ist zu groß für diesen Server oder passt nicht zum Text.
files-refused = Bilder und andere Dateien können nicht in den Text eingefügt werden.

## Sharing and settings

settings-title = Teilen und Einstellungen
settings-close =
    .aria-label = Schließen
    .title = Schließen
share = Teilen
share-write = Wer diesen Link hat, kann mitschreiben
share-read = Wer diesen Link hat, kann nur lesen
copy = Kopieren
copied = Kopiert
link-copied = Der Link wurde kopiert.
copy-refused = Kopieren nicht möglich
appearance = Darstellung
theme =
    .aria-label = Farbschema
theme-auto = System
theme-light = Hell
theme-dark = Dunkel
show-colors = Farben der Autoren zeigen
show-mono = Schrift mit fester Breite
show-cursors = Die Cursor der anderen zeigen, und ihnen meinen
language = Sprache
language-auto = Wie im Browser

## The pad as a whole

pad-button =
    .aria-label = Dieses Pad
    .title = Dieses Pad: Kopie speichern, importieren, löschen
pad-title = Dieses Pad
exports = Kopie speichern als
export-txt = Nur Text
export-html = HTML
export-etherpad = Etherpad
export-docx = Word
export-pdf = PDF
import = Datei importieren
import-hint = Die Datei ersetzt alles in diesem Pad. Möglich sind reiner Text, HTML oder ein Pad, das als Etherpad-Datei gespeichert wurde.
import-progress =
    .aria-label = Hochladen
import-ask-title = Alles in diesem Pad ersetzen?
import-ask = „{ $name }“ ersetzt den Text für alle.
import-ask-yes = Ersetzen
import-sending = „{ $name }“ wird hochgeladen …
import-working = Die Datei wird gelesen …
import-done = „{ $name }“ wurde importiert.
import-too-large = Diese Datei ist zu groß für den Server.
import-not-read = Der Server konnte aus dieser Datei kein Pad machen.
import-has-data = An diesem Pad wurde schon zu viel geändert, um es durch ein gespeichertes zu ersetzen. Importiere die Datei in ein neues Pad.
import-not-now = Der Server kann gerade keine Dateien importieren. Versuche es gleich noch einmal.
import-busy = Der Server ist mit anderen Dateien beschäftigt. Versuche es in ein paar Sekunden noch einmal.
import-forbidden = Du kannst keine Dateien in dieses Pad importieren.
import-lost = Die Verbindung ist beim Hochladen abgebrochen. Versuche es noch einmal.
import-other = Die Datei wurde nicht importiert (Fehler { $status }).
import-why = { $words } Einzelheiten: { $why }
clear = Autorenfarben
clear-all = Alle Farben entfernen …
clear-selection = Farben in der Auswahl entfernen
clear-hint = Danach ist nicht mehr zu sehen, wer den Text geschrieben hat. Du kannst das rückgängig machen.
clear-ask-title = Alle Autorenfarben entfernen?
clear-ask = Niemand sieht dann mehr, wer in diesem Pad was geschrieben hat. Du kannst das rückgängig machen.
clear-ask-yes = Entfernen
cleared = Die Farben wurden entfernt. Du kannst das rückgängig machen.
clear-none = Es gibt keine Farben zu entfernen.
for-all = Für alle auf diesem Pad
for-all-rtl = Text läuft von rechts nach links
for-all-chat = Chat anzeigen
for-all-open-chat = Chat gleich mit dem Pad öffnen
for-all-language = Sprache der Seite
for-all-enforced = Niemand kann es für sich anders einstellen
for-all-refused = Die Einstellung wurde nicht geändert: { $why }
delete = Löschen
delete-pad = Dieses Pad löschen …
delete-ask-title = Dieses Pad löschen?
delete-ask = „{ $name }“ wird für alle gelöscht, mit Verlauf und Chat. Das lässt sich nicht rückgängig machen.
delete-ask-yes = Löschen
delete-refused = Das Pad wurde nicht gelöscht: { $why }
ask-no = Abbrechen
show-codes = QR-Codes zeigen
hide-codes = QR-Codes verbergen
codes-failed = Die QR-Codes lassen sich nicht zeichnen: { $why }
code-write =
    .aria-label = QR-Code des Links zum Bearbeiten
code-read =
    .aria-label = QR-Code des Links zum Lesen
code-write-caption = Zum Bearbeiten
code-read-caption = Zum Lesen
share-link = Link verschicken …

## Who wrote what

who-wrote = Wer hat den Text an der Schreibmarke geschrieben?
    .aria-label = Wer hat den Text an der Schreibmarke geschrieben?
who-you = Das hast du geschrieben.
who-somebody = Das hat { $name } geschrieben.
who-anonymous = Das hat jemand ohne Namen geschrieben.
who-nobody = Für diesen Text ist kein Autor bekannt.
time-authors =
    .aria-label = Autoren dieser Revision
author-you = { $name } (du)
authors-none = Keine Autoren
time-restore = Diese Revision wiederherstellen …
restore-ask-title = Revision { $rev } wiederherstellen?
restore-ask = Das Pad geht für alle auf diese Revision zurück. Du kannst das rückgängig machen.
restore-ask-yes = Wiederherstellen
restored = Revision { $rev } wurde wiederhergestellt. Du kannst das rückgängig machen.
restore-same = Das Pad entspricht dieser Revision schon.
restore-failed = Die Revision konnte nicht wiederhergestellt werden: { $why }

## Why something did not work

why-not-connected = Es gibt keine Verbindung
why-connection-lost = Die Verbindung ist abgebrochen
why-not-answered = Die Verbindung brach ab, bevor der Server geantwortet hat; vielleicht ist es angekommen, vielleicht nicht
why-wrong-key = der Schlüssel dieses Browsers zum Löschen ist nicht der richtige
why-not-creator = das kann nur, wer das Pad angelegt hat

## The start page

start-title = padfleet: gemeinsam schreiben
start-heading = Gemeinsam schreiben
start-lead = Ein Pad ist eine Seite, an der alle, die den Link haben, gleichzeitig schreiben können. Alles wird beim Tippen gespeichert.
start-name = Name des Pads
start-field =
    .placeholder = team-notizen
start-open = Öffnen
start-wrong-name = Der Name eines Pads hat 1 bis 50 Zeichen und enthält kein $.
start-fresh = Neues Pad mit schwer zu erratendem Namen
start-recent = Zuletzt geöffnet
needs-javascript = Diese Seite braucht JavaScript.

## The page for names that no pad can have

forbidden-title = Kein solches Pad | padfleet
forbidden-heading = So kann kein Pad heißen
forbidden-lead = Der Name eines Pads hat 1 bis 50 Zeichen und enthält kein $.
forbidden-back = Anderen Namen wählen
