# Written by hand; see en.ftl, whose messages these are.

## Keys of the keyboard, as they are printed on it

key-ctrl = Ctrl
key-shift = Maj
key-alt = Alt
key-enter = Entrée
key-escape = Échap
key-tab = Tab

## The bar at the top

skip-to-text = Aller au texte
brand =
    .aria-label = padfleet, page d’accueil
    .title = Page d’accueil
read-only = lecture seule
people-button =
    .aria-label =
        { $count ->
            [one] { $count } personne ici
           *[other] { $count } personnes ici
        }
    .title =
        { $count ->
            [one] { $count } personne ici
           *[other] { $count } personnes ici
        }
chat-button =
    .aria-label =
        { $unread ->
            [0] Discussion
            [one] Discussion, { $unread } nouveau message
           *[other] Discussion, { $unread } nouveaux messages
        }
    .title = Discussion
history-button =
    .aria-label = Historique
    .title = Historique
settings-button =
    .aria-label = Partage et paramètres
    .title = Partage et paramètres
keys-button =
    .aria-label = Raccourcis clavier
    .title = Raccourcis clavier

## How the connection is

status-loading = Chargement…
status-connecting = Connexion…
status-opening = Ouverture du pad…
status-reconnecting = Reconnexion…
status-connected = Connecté
status-saving = Enregistrement…
status-saved = Enregistré
status-offline = Hors ligne
status-not-connected = Non connecté
notice-offline = Vous êtes hors ligne. Continuez à écrire : vos modifications sont conservées ici et seront envoyées à votre retour en ligne.
notice-unreachable = Le serveur est injoignable. Continuez à écrire : vos modifications sont conservées ici et seront envoyées plus tard.
notice-not-taken = Le serveur n’enregistre pas les modifications pour l’instant. Continuez à écrire : vos modifications sont conservées ici et seront envoyées plus tard.
notice-not-reached = Le serveur est injoignable. Cette page continue d’essayer.
notice-not-open = Ce pad ne peut pas être ouvert pour l’instant : le serveur est là, mais son stockage ne répond pas. Cette page continue d’essayer.
notice-incomplete = Une partie de cette page n’a pas pu être chargée. La page continue d’essayer.
notice-not-loaded = Cette page n’a pas pu être chargée entièrement.
notice-again =
    { $seconds ->
        [one] Nouvel essai dans { $seconds } seconde.
       *[other] Nouvel essai dans { $seconds } secondes.
    }
notice-denied = Vous n’avez pas accès à ce pad.
notice-deleted = Ce pad a été supprimé. Vous pouvez encore copier son texte ici.
notice-kicked = L’administration vous a fait quitter ce pad. Rechargez la page plus tard pour y revenir.
notice-other-window = Vous avez ouvert ce pad dans une autre fenêtre, qui a pris le relais.
notice-too-fast = Vous avez envoyé des modifications plus vite que ce serveur ne le permet.
notice-damaged = Ce pad est endommagé sur le serveur. Copiez ici ce dont vous avez besoin.
notice-too-large = Ce que vous avez ajouté est trop volumineux pour ce serveur. Copiez ce dont vous avez besoin, puis rechargez la page.
notice-diverged = Cette copie ne correspond plus à celle du serveur. Copiez ce dont vous avez besoin, puis rechargez la page.
button-try-now = Réessayer
button-reload = Recharger
button-ok = OK

## The tools above the text

tools =
    .aria-label = Mise en forme
tool-bold =
    .aria-label = Gras
tool-italic =
    .aria-label = Italique
tool-underline =
    .aria-label = Souligné
tool-strikethrough =
    .aria-label = Barré
tool-list =
    .aria-label = Liste à puces
tool-numbers =
    .aria-label = Liste numérotée
tool-outdent =
    .aria-label = Diminuer le retrait
    .title = Diminuer le retrait
tool-indent =
    .aria-label = Augmenter le retrait
    .title = Augmenter le retrait
tool-find =
    .aria-label = Rechercher et remplacer
tool-heading =
    .aria-label = Style de paragraphe
    .title = Style de paragraphe
heading-none = Texte
heading-1 = Titre 1
heading-2 = Titre 2
heading-3 = Titre 3
heading-4 = Titre 4
tool-undo =
    .aria-label = Annuler
tool-redo =
    .aria-label = Rétablir
open-link = Ouvrir { $place }

## Find and replace

find =
    .aria-label = Rechercher et remplacer
find-text =
    .aria-label = Rechercher
    .placeholder = Rechercher
find-replacement =
    .aria-label = Remplacer par
    .placeholder = Remplacer par
find-previous =
    .aria-label = Résultat précédent
    .title = Résultat précédent
find-next =
    .aria-label = Résultat suivant
    .title = Résultat suivant
find-close =
    .aria-label = Fermer
    .title = Fermer
find-replace = Remplacer
find-replace-all = Tout remplacer
find-case = Respecter la casse
find-word = Mots entiers
find-regexp = Expression régulière
find-none = Aucun résultat
find-some =
    { $of ->
        [one] { $of } résultat
       *[other] { $of } résultats
    }
find-many = Plus de { $of } résultats
find-at = { $at } sur { $of }
find-invalid = Expression régulière non valide
find-current = Résultat actuel
find-on-line = à la ligne
find-replaced-one = Résultat de la ligne { $line } remplacé
find-replaced = Résultats remplacés : { $count }
text-of-pad = Texte du pad
text-of-past = Texte du pad à cette révision
leave-hint = La touche Tab indente. Pour quitter le texte, appuyez sur Échap, puis sur Tab.

## The sheet of keys

keys-title = Raccourcis clavier
keys-indent = Augmenter le retrait
keys-outdent = Diminuer le retrait
keys-leave = Quitter le texte
keys-heading = Titre 1 (et 2 à 4)
keys-link = Ouvrir le lien sous le curseur
keys-save = Enregistrer la révision actuelle
keys-help = Afficher cette liste
keys-then = puis

## The history

time =
    .aria-label = Historique
time-play =
    .aria-label = Lire
    .title = Lire
time-pause =
    .aria-label = Pause
    .title = Pause
time-back =
    .aria-label = Révision précédente
    .title = Révision précédente
time-next =
    .aria-label = Révision suivante
    .title = Révision suivante
time-slider =
    .aria-label = Révision
time-save =
    .aria-label = Enregistrer la révision actuelle
    .title = Enregistrer la révision actuelle
time-close = Retour au pad
time-at = Révision { $rev } sur { $head }
time-saved = enregistrée
time-revision = Révision { $rev }
time-star = { $label }, enregistrée
time-failed = L’historique ne peut pas être chargé pour l’instant : { $why }
revision-not-saved = La révision n’a pas pu être enregistrée : { $why }
revision-saved = La révision { $rev } a été enregistrée.

## The people who are here

panel-close =
    .aria-label = Fermer
    .title = Fermer
people-title = Personnes
my-color = Votre couleur
my-name-label = Votre nom
my-name =
    .placeholder = Anonyme
anonymous = Anonyme
others =
    .aria-label = Autres personnes ici
alone = Vous êtes seul ici. Envoyez le lien à quelqu’un.
copy-link = Copier le lien

## The chat

chat-title = Discussion
chat-lines =
    .aria-label = Messages
chat-earlier = Messages précédents
chat-empty = Aucun message pour l’instant.
chat-readers = La discussion est réservée aux personnes qui peuvent modifier ce pad. Vous voyez ce qu’elles écrivent tant que vous êtes ici.
chat-message = Message
chat-field =
    .placeholder = Écrire un message
chat-send =
    .aria-label = Envoyer
    .title = Envoyer
chat-says = { $name } dit : { $text }
chat-failed = Les messages précédents ne peuvent pas être chargés : { $why }
chat-not-sent = Votre message n’a pas été envoyé : { $why }
unsent-text = Vous avez écrit ceci le { $time }, et la page a été fermée avant l’envoi : « { $text } »
unsent-changes = Vous avez fait des modifications le { $time }, et la page a été fermée avant l’envoi.
unsent-put-back = Remettre
unsent-discard = Abandonner
unsent-misfit = Le pad a trop changé pour que cela puisse être remis. Vous pouvez le copier ici : { $text }
edit-refused = Impossible de l’ajouter : c’est trop volumineux pour ce serveur ou cela ne correspond pas au texte.
files-refused = Les images et autres fichiers ne peuvent pas être insérés dans le texte.

## Sharing and settings

settings-title = Partage et paramètres
settings-close =
    .aria-label = Fermer
    .title = Fermer
share = Partager
share-write = Toute personne ayant ce lien peut modifier
share-read = Toute personne ayant ce lien peut lire, sans modifier
copy = Copier
copied = Copié
link-copied = Le lien a été copié.
copy-refused = Copie impossible
appearance = Apparence
theme =
    .aria-label = Thème
theme-auto = Système
theme-light = Clair
theme-dark = Sombre
show-colors = Afficher les couleurs des auteurs
show-mono = Police à chasse fixe
show-cursors = Afficher les curseurs des autres, et leur montrer le mien
language = Langue
language-auto = Celle du navigateur

## The pad as a whole

pad-button =
    .aria-label = Ce pad
    .title = Ce pad : enregistrer une copie, importer, supprimer
pad-title = Ce pad
exports = Enregistrer une copie au format
export-txt = Texte brut
export-html = HTML
export-etherpad = Etherpad
export-docx = Word
export-pdf = PDF
import = Importer un fichier
import-hint = Le fichier remplace tout le contenu de ce pad. Il peut s’agir de texte brut, de HTML ou d’un pad enregistré en fichier Etherpad.
import-progress =
    .aria-label = Envoi
import-ask-title = Remplacer tout le contenu de ce pad ?
import-ask = « { $name } » remplace le texte pour tout le monde.
import-ask-yes = Remplacer
import-sending = Envoi de « { $name } »…
import-working = Lecture du fichier…
import-done = « { $name } » a été importé.
import-too-large = Ce fichier est trop volumineux pour le serveur.
import-not-read = Le serveur n’a pas pu transformer ce fichier en pad.
import-has-data = Ce pad a été trop modifié pour être remplacé par un pad enregistré. Importez le fichier dans un nouveau pad.
import-not-now = Le serveur ne peut pas importer de fichiers pour l’instant. Réessayez dans un moment.
import-busy = Le serveur traite d’autres fichiers. Réessayez dans quelques secondes.
import-forbidden = Vous ne pouvez pas importer de fichiers dans ce pad.
import-lost = La connexion a été perdue pendant l’envoi. Réessayez.
import-other = Le fichier n’a pas été importé (erreur { $status }).
import-why = { $words } Détails : { $why }
clear = Couleurs des auteurs
clear-all = Effacer toutes les couleurs…
clear-selection = Effacer les couleurs de la sélection
clear-hint = Ensuite, plus personne ne voit qui a écrit le texte. Vous pouvez annuler.
clear-ask-title = Effacer toutes les couleurs des auteurs ?
clear-ask = Plus personne ne verra qui a écrit quoi dans ce pad. Vous pouvez annuler.
clear-ask-yes = Effacer
cleared = Les couleurs ont été effacées. Vous pouvez annuler.
clear-none = Il n’y a pas de couleurs à effacer.
for-all = Pour tout le monde sur ce pad
for-all-rtl = Le texte va de droite à gauche
for-all-chat = Afficher la discussion
for-all-open-chat = Ouvrir la discussion avec le pad
for-all-language = Langue de la page
for-all-enforced = Personne ne peut choisir autre chose
for-all-refused = Le réglage n’a pas été modifié : { $why }
delete = Supprimer
delete-pad = Supprimer ce pad…
delete-ask-title = Supprimer ce pad ?
delete-ask = « { $name } » sera supprimé pour tout le monde, avec son historique et sa discussion. C’est irréversible.
delete-ask-yes = Supprimer
delete-refused = Le pad n’a pas été supprimé : { $why }
ask-no = Annuler
show-codes = Afficher les codes QR
hide-codes = Masquer les codes QR
codes-failed = Les codes QR ne peuvent pas être dessinés : { $why }
code-write =
    .aria-label = Code QR du lien de modification
code-read =
    .aria-label = Code QR du lien de lecture
code-write-caption = Pour modifier
code-read-caption = Pour lire
share-link = Envoyer le lien…

## Who wrote what

who-wrote = Qui a écrit le texte sous le curseur ?
    .aria-label = Qui a écrit le texte sous le curseur ?
who-you = Vous avez écrit ceci.
who-somebody = { $name } a écrit ceci.
who-anonymous = Une personne sans nom a écrit ceci.
who-nobody = Aucun auteur n’est enregistré pour ce texte.
time-authors =
    .aria-label = Auteurs de cette révision
author-you = { $name } (vous)
authors-none = Aucun auteur
time-restore = Restaurer cette révision…
restore-ask-title = Restaurer la révision { $rev } ?
restore-ask = Le pad revient à cette révision pour tout le monde. Vous pouvez annuler.
restore-ask-yes = Restaurer
restored = La révision { $rev } a été restaurée. Vous pouvez annuler.
restore-same = Le pad correspond déjà à cette révision.
restore-failed = La révision n’a pas pu être restaurée : { $why }

## Why something did not work

why-not-connected = il n’y a pas de connexion
why-connection-lost = la connexion a été perdue
why-not-answered = la connexion a été perdue avant la réponse du serveur ; l’envoi est peut-être arrivé
why-wrong-key = la clé de suppression de ce navigateur n’est pas la bonne
why-not-creator = seule la personne qui l’a créé peut le faire

## The start page

start-title = padfleet : écrire ensemble
start-heading = Écrire ensemble
start-lead = Un pad est une page que toutes les personnes ayant le lien peuvent modifier en même temps. Tout est enregistré au fil de la frappe.
start-name = Nom du pad
start-field =
    .placeholder = notes-equipe
start-open = Ouvrir
start-wrong-name = Le nom d’un pad compte de 1 à 50 caractères et ne contient pas de $.
start-fresh = Nouveau pad au nom difficile à deviner
start-recent = Pads récents
needs-javascript = Cette page a besoin de JavaScript.

## The page for names that no pad can have

forbidden-title = Pad inexistant | padfleet
forbidden-heading = Un pad ne peut pas porter ce nom
forbidden-lead = Le nom d’un pad compte de 1 à 50 caractères et ne contient pas de $.
forbidden-back = Choisir un autre nom
