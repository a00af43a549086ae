# Written by hand; see en.ftl, whose messages these are.

## Keys of the keyboard, as they are printed on it

key-ctrl = Ctrl
key-shift = Maiusc
key-alt = Alt
key-enter = Invio
key-escape = Esc
key-tab = Tab

## The bar at the top

skip-to-text = Vai al testo
brand =
    .aria-label = padfleet, pagina iniziale
    .title = Pagina iniziale
read-only = sola lettura
people-button =
    .aria-label =
        { $count ->
            [one] { $count } persona qui
           *[other] { $count } persone qui
        }
    .title =
        { $count ->
            [one] { $count } persona qui
           *[other] { $count } persone qui
        }
chat-button =
    .aria-label =
        { $unread ->
            [0] Chat
            [one] Chat, { $unread } nuovo messaggio
           *[other] Chat, { $unread } nuovi messaggi
        }
    .title = Chat
history-button =
    .aria-label = Cronologia
    .title = Cronologia
settings-button =
    .aria-label = Condivisione e impostazioni
    .title = Condivisione e impostazioni
keys-button =
    .aria-label = Scorciatoie da tastiera
    .title = Scorciatoie da tastiera

## How the connection is

status-loading = Caricamento…
status-connecting = Connessione…
status-opening = Apertura del pad…
status-reconnecting = Riconnessione…
status-connected = Connesso
status-saving = Salvataggio…
status-saved = Salvato
status-offline = Offline
status-not-connected = Non connesso
notice-offline = Sei offline. Continua pure a scrivere: le modifiche restano qui e saranno inviate quando tornerai online.
notice-unreachable = Il server non è raggiungibile. Continua pure a scrivere: le modifiche restano qui e saranno inviate più tardi.
notice-not-taken = Al momento il server non salva le modifiche. Continua pure a scrivere: le modifiche restano qui e saranno inviate più tardi.
notice-not-reached = Il server non è raggiungibile. Questa pagina continua a provare.
notice-not-open = Al momento non è possibile aprire questo pad: il server c’è, ma il suo archivio non risponde. Questa pagina continua a provare.
notice-incomplete = Non è stato possibile caricare una parte di questa pagina. La pagina continua a provare.
notice-not-loaded = Non è stato possibile caricare completamente questa pagina.
notice-again =
    { $seconds ->
        [one] Nuovo tentativo tra { $seconds } secondo.
       *[other] Nuovo tentativo tra { $seconds } secondi.
    }
notice-denied = Non hai accesso a questo pad.
notice-deleted = Questo pad è stato eliminato. Puoi ancora copiarne il testo da qui.
notice-kicked = L’amministrazione ti ha fatto uscire da questo pad. Ricarica la pagina più tardi per tornare.
notice-other-window = Hai aperto questo pad in un’altra finestra, che ha preso il posto di questa.
notice-too-fast = Stavi inviando modifiche più in fretta di quanto questo server consenta.
notice-damaged = Questo pad è danneggiato sul server. Copia da qui ciò che ti serve.
notice-too-large = Ciò che hai aggiunto è troppo grande per questo server. Copia ciò che ti serve, poi ricarica la pagina.
notice-diverged = Questa copia non corrisponde più a quella sul server. Copia ciò che ti serve, poi ricarica la pagina.
button-try-now = Riprova ora
button-reload = Ricarica
button-ok = OK

## The tools above the text

tools =
    .aria-label = Formattazione
tool-bold =
    .aria-label = Grassetto
tool-italic =
    .aria-label = Corsivo
tool-underline =
    .aria-label = Sottolineato
tool-strikethrough =
    .aria-label = Barrato
tool-list =
    .aria-label = Elenco puntato
tool-numbers =
    .aria-label = Elenco numerato
tool-outdent =
    .aria-label = Riduci rientro
    .title = Riduci rientro
tool-indent =
    .aria-label = Aumenta rientro
    .title = Aumenta rientro
tool-find =
    .aria-label = Trova e sostituisci
tool-heading =
    .aria-label = Stile del paragrafo
    .title = Stile del paragrafo
heading-none = Testo
heading-1 = Titolo 1
heading-2 = Titolo 2
heading-3 = Titolo 3
heading-4 = Titolo 4
tool-undo =
    .aria-label = Annulla
tool-redo =
    .aria-label = Ripeti
open-link = Apri { $place }

## Find and replace

find =
    .aria-label = Trova e sostituisci
find-text =
    .aria-label = Trova
    .placeholder = Trova
find-replacement =
    .aria-label = Sostituisci con
    .placeholder = Sostituisci con
find-previous =
    .aria-label = Risultato precedente
    .title = Risultato precedente
find-next =
    .aria-label = Risultato successivo
    .title = Risultato successivo
find-close =
    .aria-label = Chiudi
    .title = Chiudi
find-replace = Sostituisci
find-replace-all = Sostituisci tutto
find-case = Maiuscole/minuscole
find-word = Parole intere
find-regexp = Espressione regolare
find-none = Nessun risultato
find-some =
    { $of ->
        [one] { $of } risultato
       *[other] { $of } risultati
    }
find-many = Più di { $of } risultati
find-at = { $at } di { $of }
find-invalid = Espressione regolare non valida
find-current = Risultato attuale
find-on-line = alla riga
find-replaced-one = Risultato alla riga { $line } sostituito
find-replaced = Risultati sostituiti: { $count }
text-of-pad = Testo del pad
text-of-past = Testo del pad in questa revisione
leave-hint = Il tasto Tab aggiunge un rientro. Per uscire dal testo premi Esc, poi Tab.

## The sheet of keys

keys-title = Scorciatoie da tastiera
keys-indent = Aumenta rientro
keys-outdent = Riduci rientro
keys-leave = Esci dal testo
keys-heading = Titolo 1 (e da 2 a 4)
keys-link = Apri il link sotto il cursore
keys-save = Salva la revisione attuale
keys-help = Mostra questo elenco
keys-then = poi

## The history

time =
    .aria-label = Cronologia
time-play =
    .aria-label = Riproduci
    .title = Riproduci
time-pause =
    .aria-label = Pausa
    .title = Pausa
time-back =
    .aria-label = Revisione precedente
    .title = Revisione precedente
time-next =
    .aria-label = Revisione successiva
    .title = Revisione successiva
time-slider =
    .aria-label = Revisione
time-save =
    .aria-label = Salva la revisione attuale
    .title = Salva la revisione attuale
time-close = Torna al pad
time-at = Revisione { $rev } di { $head }
time-saved = salvata
time-revision = Revisione { $rev }
time-star = { $label }, salvata
time-failed = Al momento non è possibile caricare la cronologia: { $why }
revision-not-saved = Impossibile salvare la revisione: { $why }
revision-saved = La revisione { $rev } è stata salvata.

## The people who are here

panel-close =
    .aria-label = Chiudi
    .title = Chiudi
people-title = Persone
my-color = Il tuo colore
my-name-label = Il tuo nome
my-name =
    .placeholder = Anonimo
anonymous = Anonimo
others =
    .aria-label = Altre persone qui
alone = Qui non c’è nessun altro. Invia il link a qualcuno.
copy-link = Copia link

## The chat

chat-title = Chat
chat-lines =
    .aria-label = Messaggi
chat-earlier = Messaggi precedenti
chat-empty = Ancora nessun messaggio.
chat-readers = La chat è per chi può modificare questo pad. Vedrai ciò che scrivono finché resti qui.
chat-message = Messaggio
chat-field =
    .placeholder = Scrivi un messaggio
chat-send =
    .aria-label = Invia
    .title = Invia
chat-says = { $name } dice: { $text }
chat-failed = Impossibile caricare i messaggi precedenti: { $why }
chat-not-sent = Il tuo messaggio non è stato inviato: { $why }
unsent-text = Hai scritto questo il { $time } e la pagina è stata chiusa prima dell’invio: «{ $text }»
unsent-changes = Hai fatto modifiche il { $time } e la pagina è stata chiusa prima dell’invio.
unsent-put-back = Recupera
unsent-discard = Scarta
unsent-misfit = Il pad è cambiato troppo per poterlo recuperare. Puoi copiarlo da qui: { $text }
edit-refused = Impossibile aggiungerlo: è troppo grande per questo server o non si adatta al testo.
files-refused = Non è possibile inserire nel testo immagini o altri file.

## Sharing and settings

settings-title = Condivisione e impostazioni
settings-close =
    .aria-label = Chiudi
    .title = Chiudi
share = Condividi
share-write = Chiunque abbia questo link può modificare
share-read = Chiunque abbia questo link può leggere, ma non modificare
copy = Copia
copied = Copiato
link-copied = Il link è stato copiato.
copy-refused = Copia non riuscita
appearance = Aspetto
theme =
    .aria-label = Tema
theme-auto = Sistema
theme-light = Chiaro
theme-dark = Scuro
show-colors = Mostra i colori degli autori
show-mono = Carattere a larghezza fissa
show-cursors = Mostra i cursori degli altri, e il mio a loro
language = Lingua
language-auto = Quella del browser

## The pad as a whole

pad-button =
    .aria-label = Questo pad
    .title = Questo pad: salva una copia, importa, elimina
pad-title = Questo pad
exports = Salva una copia come
export-txt = Testo semplice
export-html = HTML
export-etherpad = Etherpad
export-docx = Word
export-pdf = PDF
import = Importa un file
import-hint = Il file sostituisce tutto il contenuto di questo pad. Può essere testo semplice, HTML o un pad salvato come file Etherpad.
import-progress =
    .aria-label = Caricamento
import-ask-title = Sostituire tutto in questo pad?
import-ask = «{ $name }» sostituisce il testo per tutti.
import-ask-yes = Sostituisci
import-sending = Caricamento di «{ $name }»…
import-working = Lettura del file…
import-done = «{ $name }» è stato importato.
import-too-large = Questo file è troppo grande per il server.
import-not-read = Il server non è riuscito a trasformare questo file in un pad.
import-has-data = Questo pad è stato modificato troppo per essere sostituito da uno salvato. Importa il file in un nuovo pad.
import-not-now = Al momento il server non può importare file. Riprova tra poco.
import-busy = Il server è occupato con altri file. Riprova tra qualche secondo.
import-forbidden = Non puoi importare file in questo pad.
import-lost = La connessione si è interrotta durante il caricamento. Riprova.
import-other = Il file non è stato importato (errore { $status }).
import-why = { $words } Dettagli: { $why }
clear = Colori degli autori
clear-all = Rimuovi tutti i colori…
clear-selection = Rimuovi i colori dalla selezione
clear-hint = Dopo, nessuno potrà vedere chi ha scritto il testo. Puoi annullare.
clear-ask-title = Rimuovere tutti i colori degli autori?
clear-ask = Nessuno vedrà chi ha scritto cosa in questo pad. Puoi annullare.
clear-ask-yes = Rimuovi
cleared = I colori sono stati rimossi. Puoi annullare.
clear-none = Non ci sono colori da rimuovere.
for-all = Per tutti su questo pad
for-all-rtl = Il testo va da destra a sinistra
for-all-chat = Mostra la chat
for-all-open-chat = Apri la chat insieme al pad
for-all-language = Lingua della pagina
for-all-enforced = Nessuno può scegliere diversamente
for-all-refused = L’impostazione non è stata modificata: { $why }
delete = Elimina
delete-pad = Elimina questo pad…
delete-ask-title = Eliminare questo pad?
delete-ask = «{ $name }» sarà eliminato per tutti, con la cronologia e la chat. Non è possibile annullare.
delete-ask-yes = Elimina
delete-refused = Il pad non è stato eliminato: { $why }
ask-no = Annulla
show-codes = Mostra codici QR
hide-codes = Nascondi codici QR
codes-failed = Impossibile disegnare i codici QR: { $why }
code-write =
    .aria-label = Codice QR del link per modificare
code-read =
    .aria-label = Codice QR del link per leggere
code-write-caption = Per modificare
code-read-caption = Per leggere
share-link = Invia il link…

## Who wrote what

who-wrote = Chi ha scritto il testo sotto il cursore?
    .aria-label = Chi ha scritto il testo sotto il cursore?
who-you = L’hai scritto tu.
who-somebody = L’ha scritto { $name }.
who-anonymous = L’ha scritto qualcuno senza nome.
who-nobody = Per questo testo non è registrato alcun autore.
time-authors =
    .aria-label = Autori di questa revisione
author-you = { $name } (tu)
authors-none = Nessun autore
time-restore = Ripristina questa revisione…
restore-ask-title = Ripristinare la revisione { $rev }?
restore-ask = Il pad torna a questa revisione per tutti. Puoi annullare.
restore-ask-yes = Ripristina
restored = La revisione { $rev } è stata ripristinata. Puoi annullare.
restore-same = Il pad corrisponde già a questa revisione.
restore-failed = Impossibile ripristinare la revisione: { $why }

## Why something did not work

why-not-connected = non c’è connessione
why-connection-lost = la connessione si è interrotta
why-not-answered = la connessione si è interrotta prima della risposta del server; potrebbe essere arrivato oppure no
why-wrong-key = la chiave di questo browser per eliminarlo non è quella giusta
why-not-creator = può farlo solo chi l’ha creato

## The start page

start-title = padfleet: scrivere insieme
start-heading = Scrivere insieme
start-lead = Un pad è una pagina che tutti quelli che hanno il link possono modificare allo stesso tempo. Tutto viene salvato mentre scrivi.
start-name = Nome del pad
start-field =
    .placeholder = note-del-gruppo
start-open = Apri
start-wrong-name = Il nome di un pad ha da 1 a 50 caratteri e non contiene $.
start-fresh = Nuovo pad con un nome difficile da indovinare
start-recent = Pad recenti
needs-javascript = Questa pagina richiede JavaScript.

## The page for names that no pad can have

forbidden-title = Pad inesistente | padfleet
forbidden-heading = Un pad non può avere questo nome
forbidden-lead = Il nome di un pad ha da 1 a 50 caratteri e non contiene $.
forbidden-back = Scegli un altro nome
