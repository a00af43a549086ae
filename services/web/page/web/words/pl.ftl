# Written by hand; see en.ftl, whose messages these are.

## Keys of the keyboard, as they are printed on it

key-ctrl = Ctrl
key-shift = Shift
key-alt = Alt
key-enter = Enter
key-escape = Esc
key-tab = Tab

## The bar at the top

skip-to-text = Przejdź do tekstu
brand =
    .aria-label = padfleet, strona główna
    .title = Strona główna
read-only = tylko do odczytu
people-button =
    .aria-label =
        { $count ->
            [one] { $count } osoba tutaj
            [few] { $count } osoby tutaj
            [many] { $count } osób tutaj
           *[other] { $count } osoby tutaj
        }
    .title =
        { $count ->
            [one] { $count } osoba tutaj
            [few] { $count } osoby tutaj
            [many] { $count } osób tutaj
           *[other] { $count } osoby tutaj
        }
chat-button =
    .aria-label =
        { $unread ->
            [0] Czat
            [one] Czat, { $unread } nowa wiadomość
            [few] Czat, { $unread } nowe wiadomości
            [many] Czat, { $unread } nowych wiadomości
           *[other] Czat, { $unread } nowej wiadomości
        }
    .title = Czat
history-button =
    .aria-label = Historia
    .title = Historia
settings-button =
    .aria-label = Udostępnianie i ustawienia
    .title = Udostępnianie i ustawienia
keys-button =
    .aria-label = Skróty klawiszowe
    .title = Skróty klawiszowe

## How the connection is

status-loading = Wczytywanie…
status-connecting = Łączenie…
status-opening = Otwieranie pada…
status-reconnecting = Ponowne łączenie…
status-connected = Połączono
status-saving = Zapisywanie…
status-saved = Zapisano
status-offline = Offline
status-not-connected = Brak połączenia
notice-offline = Jesteś offline. Pisz dalej: zmiany są przechowywane tutaj i zostaną wysłane, gdy wrócisz do sieci.
notice-unreachable = Nie można połączyć się z serwerem. Pisz dalej: zmiany są przechowywane tutaj i zostaną wysłane później.
notice-not-taken = Serwer nie zapisuje teraz zmian. Pisz dalej: zmiany są przechowywane tutaj i zostaną wysłane później.
notice-not-reached = Nie można połączyć się z serwerem. Ta strona próbuje dalej.
notice-not-open = Nie można teraz otworzyć tego pada: serwer działa, ale jego magazyn danych nie odpowiada. Ta strona próbuje dalej.
notice-incomplete = Nie udało się wczytać części tej strony. Strona nadal próbuje.
notice-not-loaded = Nie udało się w całości wczytać tej strony.
notice-again =
    { $seconds ->
        [one] Ponowna próba za { $seconds } sekundę.
        [few] Ponowna próba za { $seconds } sekundy.
        [many] Ponowna próba za { $seconds } sekund.
       *[other] Ponowna próba za { $seconds } sekundy.
    }
notice-denied = Nie masz dostępu do tego pada.
notice-deleted = Ten pad został usunięty. Możesz jeszcze skopiować stąd jego tekst.
notice-kicked = Administrator usunął Cię z tego pada. Aby wrócić, odśwież stronę później.
notice-other-window = Ten pad jest otwarty w innym Twoim oknie, które przejęło połączenie.
notice-too-fast = Zmiany były wysyłane szybciej, niż pozwala na to ten serwer.
notice-damaged = Ten pad jest uszkodzony na serwerze. Skopiuj stąd to, czego potrzebujesz.
notice-too-large = To, co zostało dodane, jest za duże dla tego serwera. Skopiuj to, czego potrzebujesz, i wczytaj stronę ponownie.
notice-diverged = Ta kopia nie zgadza się już z kopią na serwerze. Skopiuj to, czego potrzebujesz, i wczytaj stronę ponownie.
button-try-now = Spróbuj teraz
button-reload = Wczytaj ponownie
button-ok = OK

## The tools above the text

tools =
    .aria-label = Formatowanie
tool-bold =
    .aria-label = Pogrubienie
tool-italic =
    .aria-label = Kursywa
tool-underline =
    .aria-label = Podkreślenie
tool-strikethrough =
    .aria-label = Przekreślenie
tool-list =
    .aria-label = Lista punktowana
tool-numbers =
    .aria-label = Lista numerowana
tool-outdent =
    .aria-label = Zmniejsz wcięcie
    .title = Zmniejsz wcięcie
tool-indent =
    .aria-label = Zwiększ wcięcie
    .title = Zwiększ wcięcie
tool-find =
    .aria-label = Znajdź i zamień
tool-heading =
    .aria-label = Styl akapitu
    .title = Styl akapitu
heading-none = Tekst
heading-1 = Nagłówek 1
heading-2 = Nagłówek 2
heading-3 = Nagłówek 3
heading-4 = Nagłówek 4
tool-undo =
    .aria-label = Cofnij
tool-redo =
    .aria-label = Ponów
open-link = Otwórz { $place }

## Find and replace

find =
    .aria-label = Znajdź i zamień
find-text =
    .aria-label = Znajdź
    .placeholder = Znajdź
find-replacement =
    .aria-label = Zamień na
    .placeholder = Zamień na
find-previous =
    .aria-label = Poprzednie wystąpienie
    .title = Poprzednie wystąpienie
find-next =
    .aria-label = Następne wystąpienie
    .title = Następne wystąpienie
find-close =
    .aria-label = Zamknij
    .title = Zamknij
find-replace = Zamień
find-replace-all = Zamień wszystko
find-case = Uwzględnij wielkość liter
find-word = Całe wyrazy
find-regexp = Wyrażenie regularne
find-none = Brak wyników
find-some =
    { $of ->
        [one] { $of } wystąpienie
        [few] { $of } wystąpienia
        [many] { $of } wystąpień
       *[other] { $of } wystąpienia
    }
find-many = Ponad { $of } wystąpień
find-at = { $at } z { $of }
find-invalid = Nieprawidłowe wyrażenie regularne
find-current = Bieżące wystąpienie
find-on-line = w wierszu
find-replaced-one = Zamieniono wystąpienie w wierszu { $line }
find-replaced = Zamienione wystąpienia: { $count }
text-of-pad = Tekst pada
text-of-past = Tekst pada w tej wersji
leave-hint = Tab wstawia wcięcie. Aby opuścić tekst, naciśnij Esc, a potem Tab.

## The sheet of keys

keys-title = Skróty klawiszowe
keys-indent = Zwiększ wcięcie
keys-outdent = Zmniejsz wcięcie
keys-leave = Opuść tekst
keys-heading = Nagłówek 1 (i od 2 do 4)
keys-link = Otwórz link pod kursorem
keys-save = Zapisz bieżącą wersję
keys-help = Pokaż tę listę
keys-then = potem

## The history

time =
    .aria-label = Historia
time-play =
    .aria-label = Odtwórz
    .title = Odtwórz
time-pause =
    .aria-label = Wstrzymaj
    .title = Wstrzymaj
time-back =
    .aria-label = Poprzednia wersja
    .title = Poprzednia wersja
time-next =
    .aria-label = Następna wersja
    .title = Następna wersja
time-slider =
    .aria-label = Wersja
time-save =
    .aria-label = Zapisz bieżącą wersję
    .title = Zapisz bieżącą wersję
time-close = Wróć do pada
time-at = Wersja { $rev } z { $head }
time-saved = zapisana
time-revision = Wersja { $rev }
time-star = { $label }, zapisana
time-failed = Nie można teraz wczytać historii: { $why }
revision-not-saved = Nie udało się zapisać wersji: { $why }
revision-saved = Zapisano wersję { $rev }.

## The people who are here

panel-close =
    .aria-label = Zamknij
    .title = Zamknij
people-title = Osoby
my-color = Twój kolor
my-name-label = Twoje imię
my-name =
    .placeholder = Bez nazwy
anonymous = Bez nazwy
others =
    .aria-label = Inne osoby tutaj
alone = Nikogo innego tu nie ma. Wyślij komuś link.
copy-link = Kopiuj link

## The chat

chat-title = Czat
chat-lines =
    .aria-label = Wiadomości
chat-earlier = Wcześniejsze wiadomości
chat-empty = Nie ma jeszcze wiadomości.
chat-readers = Czat jest dla osób, które mogą edytować ten pad. Widzisz, co piszą, dopóki tu jesteś.
chat-message = Wiadomość
chat-field =
    .placeholder = Napisz wiadomość
chat-send =
    .aria-label = Wyślij
    .title = Wyślij
chat-says = { $name } pisze: { $text }
chat-failed = Nie można wczytać wcześniejszych wiadomości: { $why }
chat-not-sent = Wiadomość nie została wysłana: { $why }
unsent-text = Ten tekst powstał { $time }, a strona została zamknięta przed wysłaniem: „{ $text }”
unsent-changes = Zmiany wprowadzono { $time }, a strona została zamknięta przed ich wysłaniem.
unsent-put-back = Przywróć
unsent-discard = Odrzuć
unsent-misfit = Pad zmienił się za bardzo, aby to przywrócić. Możesz to stąd skopiować: { $text }
edit-refused = Nie można tego dodać: jest za duże dla tego serwera albo nie pasuje do tekstu.
files-refused = Do tekstu nie można wstawiać obrazów ani innych plików.

## Sharing and settings

settings-title = Udostępnianie i ustawienia
settings-close =
    .aria-label = Zamknij
    .title = Zamknij
share = Udostępnianie
share-write = Każdy, kto ma ten link, może edytować
share-read = Każdy, kto ma ten link, może czytać, ale nie edytować
copy = Kopiuj
copied = Skopiowano
link-copied = Link został skopiowany.
copy-refused = Nie udało się skopiować
appearance = Wygląd
theme =
    .aria-label = Motyw
theme-auto = Systemowy
theme-light = Jasny
theme-dark = Ciemny
show-colors = Pokaż kolory autorów
show-mono = Czcionka o stałej szerokości
show-cursors = Pokaż kursory innych osób, a im mój
language = Język
language-auto = Taki jak w przeglądarce

## The pad as a whole

pad-button =
    .aria-label = Ten pad
    .title = Ten pad: zapisz kopię, importuj, usuń
pad-title = Ten pad
exports = Zapisz kopię jako
export-txt = Zwykły tekst
export-html = HTML
export-etherpad = Etherpad
export-docx = Word
export-pdf = PDF
import = Importuj plik
import-hint = Plik zastępuje całą zawartość tego pada. Może to być zwykły tekst, HTML albo pad zapisany jako plik Etherpada.
import-progress =
    .aria-label = Przesyłanie
import-ask-title = Zastąpić całą zawartość tego pada?
import-ask = „{ $name }” zastąpi tekst u wszystkich.
import-ask-yes = Zastąp
import-sending = Przesyłanie „{ $name }”…
import-working = Odczytywanie pliku…
import-done = Zaimportowano „{ $name }”.
import-too-large = Ten plik jest za duży dla serwera.
import-not-read = Serwer nie mógł zamienić tego pliku na pad.
import-has-data = Ten pad był już zbyt wiele razy edytowany, aby zastąpić go zapisanym. Zaimportuj plik do nowego pada.
import-not-now = Serwer nie może teraz importować plików. Spróbuj za chwilę.
import-busy = Serwer jest zajęty innymi plikami. Spróbuj za kilka sekund.
import-forbidden = Nie możesz importować plików do tego pada.
import-lost = Połączenie zostało przerwane podczas przesyłania. Spróbuj ponownie.
import-other = Plik nie został zaimportowany (błąd { $status }).
import-why = { $words } Szczegóły: { $why }
clear = Kolory autorów
clear-all = Usuń wszystkie kolory…
clear-selection = Usuń kolory z zaznaczenia
clear-hint = Potem nikt nie zobaczy, kto napisał tekst. Możesz to cofnąć.
clear-ask-title = Usunąć wszystkie kolory autorów?
clear-ask = Nikt nie zobaczy, kto co napisał w tym padzie. Możesz to cofnąć.
clear-ask-yes = Usuń
cleared = Kolory zostały usunięte. Możesz to cofnąć.
clear-none = Nie ma kolorów do usunięcia.
for-all = Dla wszystkich na tym padzie
for-all-rtl = Tekst biegnie od prawej do lewej
for-all-chat = Pokaż czat
for-all-open-chat = Otwieraj czat razem z padem
for-all-language = Język strony
for-all-enforced = Nikt nie może wybrać inaczej
for-all-refused = Ustawienie nie zostało zmienione: { $why }
delete = Usuwanie
delete-pad = Usuń ten pad…
delete-ask-title = Usunąć ten pad?
delete-ask = „{ $name }” zostanie usunięty dla wszystkich, razem z historią i czatem. Tego nie można cofnąć.
delete-ask-yes = Usuń
delete-refused = Pad nie został usunięty: { $why }
ask-no = Anuluj
show-codes = Pokaż kody QR
hide-codes = Ukryj kody QR
codes-failed = Nie można narysować kodów QR: { $why }
code-write =
    .aria-label = Kod QR linku do edycji
code-read =
    .aria-label = Kod QR linku do odczytu
code-write-caption = Do edycji
code-read-caption = Do odczytu
share-link = Wyślij link…

## Who wrote what

who-wrote = Kto napisał tekst przy kursorze?
    .aria-label = Kto napisał tekst przy kursorze?
who-you = To Twój tekst.
who-somebody = Autor: { $name }.
who-anonymous = Napisał to ktoś bez nazwy.
who-nobody = Dla tego tekstu nie zapisano autora.
time-authors =
    .aria-label = Autorzy tej wersji
author-you = { $name } (Ty)
authors-none = Brak autorów
time-restore = Przywróć tę wersję…
restore-ask-title = Przywrócić wersję { $rev }?
restore-ask = Pad wróci do tej wersji u wszystkich. Możesz to cofnąć.
restore-ask-yes = Przywróć
restored = Przywrócono wersję { $rev }. Możesz to cofnąć.
restore-same = Pad jest już zgodny z tą wersją.
restore-failed = Nie udało się przywrócić wersji: { $why }

## Why something did not work

why-not-connected = nie ma połączenia
why-connection-lost = połączenie zostało przerwane
why-not-answered = połączenie zostało przerwane, zanim serwer odpowiedział; nie wiadomo, czy dotarło
why-wrong-key = klucz do usunięcia w tej przeglądarce nie jest właściwy
why-not-creator = może to zrobić tylko osoba, która go utworzyła

## The start page

start-title = padfleet: piszcie razem
start-heading = Piszcie razem
start-lead = Pad to strona, którą wszyscy mający link mogą edytować jednocześnie. Wszystko zapisuje się podczas pisania.
start-name = Nazwa pada
start-field =
    .placeholder = notatki-zespolu
start-open = Otwórz
start-wrong-name = Nazwa pada ma od 1 do 50 znaków i nie zawiera znaku $.
start-fresh = Nowy pad o trudnej do odgadnięcia nazwie
start-recent = Ostatnie pady
needs-javascript = Ta strona wymaga JavaScriptu.

## The page for names that no pad can have

forbidden-title = Nie ma takiego pada | padfleet
forbidden-heading = Pad nie może mieć takiej nazwy
forbidden-lead = Nazwa pada ma od 1 do 50 znaków i nie zawiera znaku $.
forbidden-back = Wybierz inną nazwę
