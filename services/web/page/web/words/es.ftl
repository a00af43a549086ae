# Written by hand; see en.ftl, whose messages these are.

## Keys of the keyboard, as they are printed on it

key-ctrl = Ctrl
key-shift = Mayús
key-alt = Alt
key-enter = Intro
key-escape = Esc
key-tab = Tab

## The bar at the top

skip-to-text = Ir al texto
brand =
    .aria-label = padfleet, página de inicio
    .title = Página de inicio
read-only = solo lectura
people-button =
    .aria-label =
        { $count ->
            [one] { $count } persona aquí
           *[other] { $count } personas aquí
        }
    .title =
        { $count ->
            [one] { $count } persona aquí
           *[other] { $count } personas aquí
        }
chat-button =
    .aria-label =
        { $unread ->
            [0] Chat
            [one] Chat, { $unread } mensaje nuevo
           *[other] Chat, { $unread } mensajes nuevos
        }
    .title = Chat
history-button =
    .aria-label = Historial
    .title = Historial
settings-button =
    .aria-label = Compartir y ajustes
    .title = Compartir y ajustes
keys-button =
    .aria-label = Atajos de teclado
    .title = Atajos de teclado

## How the connection is

status-loading = Cargando…
status-connecting = Conectando…
status-opening = Abriendo el pad…
status-reconnecting = Reconectando…
status-connected = Conectado
status-saving = Guardando…
status-saved = Guardado
status-offline = Sin conexión
status-not-connected = Desconectado
notice-offline = No tienes conexión. Sigue escribiendo: tus cambios se guardan aquí y se enviarán cuando vuelvas a tenerla.
notice-unreachable = No se puede contactar con el servidor. Sigue escribiendo: tus cambios se guardan aquí y se enviarán más tarde.
notice-not-taken = El servidor no está guardando los cambios ahora. Sigue escribiendo: tus cambios se guardan aquí y se enviarán más tarde.
notice-not-reached = No se puede contactar con el servidor. Esta página lo sigue intentando.
notice-not-open = Este pad no se puede abrir ahora: el servidor está ahí, pero su almacenamiento no responde. Esta página lo sigue intentando.
notice-incomplete = No se ha podido cargar una parte de esta página. La página sigue intentándolo.
notice-not-loaded = Esta página no se ha podido cargar por completo.
notice-again =
    { $seconds ->
        [one] Nuevo intento en { $seconds } segundo.
       *[other] Nuevo intento en { $seconds } segundos.
    }
notice-denied = No tienes acceso a este pad.
notice-deleted = Este pad se ha eliminado. Aún puedes copiar su texto aquí.
notice-kicked = Alguien de la administración te ha sacado de este pad. Recarga la página más tarde para volver.
notice-other-window = Has abierto este pad en otra ventana, y esa ha tomado el relevo.
notice-too-fast = Enviabas cambios más rápido de lo que permite este servidor.
notice-damaged = Este pad está dañado en el servidor. Copia aquí lo que necesites.
notice-too-large = Lo que has añadido es demasiado grande para este servidor. Copia lo que necesites y recarga la página.
notice-diverged = Esta copia ya no coincide con la del servidor. Copia lo que necesites y recarga la página.
button-try-now = Intentar ahora
button-reload = Recargar
button-ok = Aceptar

## The tools above the text

tools =
    .aria-label = Formato
tool-bold =
    .aria-label = Negrita
tool-italic =
    .aria-label = Cursiva
tool-underline =
    .aria-label = Subrayado
tool-strikethrough =
    .aria-label = Tachado
tool-list =
    .aria-label = Lista con viñetas
tool-numbers =
    .aria-label = Lista numerada
tool-outdent =
    .aria-label = Reducir sangría
    .title = Reducir sangría
tool-indent =
    .aria-label = Aumentar sangría
    .title = Aumentar sangría
tool-find =
    .aria-label = Buscar y reemplazar
tool-heading =
    .aria-label = Estilo de párrafo
    .title = Estilo de párrafo
heading-none = Texto
heading-1 = Título 1
heading-2 = Título 2
heading-3 = Título 3
heading-4 = Título 4
tool-undo =
    .aria-label = Deshacer
tool-redo =
    .aria-label = Rehacer
open-link = Abrir { $place }

## Find and replace

find =
    .aria-label = Buscar y reemplazar
find-text =
    .aria-label = Buscar
    .placeholder = Buscar
find-replacement =
    .aria-label = Reemplazar por
    .placeholder = Reemplazar por
find-previous =
    .aria-label = Resultado anterior
    .title = Resultado anterior
find-next =
    .aria-label = Resultado siguiente
    .title = Resultado siguiente
find-close =
    .aria-label = Cerrar
    .title = Cerrar
find-replace = Reemplazar
find-replace-all = Reemplazar todo
find-case = Distinguir mayúsculas
find-word = Palabras completas
find-regexp = Expresión regular
find-none = Sin resultados
find-some =
    { $of ->
        [one] { $of } resultado
       *[other] { $of } resultados
    }
find-many = Más de { $of } resultados
find-at = { $at } de { $of }
find-invalid = Expresión regular no válida
find-current = Resultado actual
find-on-line = en la línea
find-replaced-one = Resultado de la línea { $line } reemplazado
find-replaced = Resultados reemplazados: { $count }
text-of-pad = Texto del pad
text-of-past = Texto del pad en esta revisión
leave-hint = El tabulador aplica sangría. Para salir del texto, pulsa Escape y luego Tab.

## The sheet of keys

keys-title = Atajos de teclado
keys-indent = Aumentar sangría
keys-outdent = Reducir sangría
keys-leave = Salir del texto
keys-heading = Título 1 (y 2 a 4)
keys-link = Abrir el enlace del cursor
keys-save = Guardar la revisión actual
keys-help = Mostrar esta lista
keys-then = y luego

## The history

time =
    .aria-label = Historial
time-play =
    .aria-label = Reproducir
    .title = Reproducir
time-pause =
    .aria-label = Pausar
    .title = Pausar
time-back =
    .aria-label = Revisión anterior
    .title = Revisión anterior
time-next =
    .aria-label = Revisión siguiente
    .title = Revisión siguiente
time-slider =
    .aria-label = Revisión
time-save =
    .aria-label = Guardar la revisión actual
    .title = Guardar la revisión actual
time-close = Volver al pad
time-at = Revisión { $rev } de { $head }
time-saved = guardada
time-revision = Revisión { $rev }
time-star = { $label }, guardada
time-failed = El historial no se puede cargar ahora: { $why }
revision-not-saved = No se pudo guardar la revisión: { $why }
revision-saved = Se ha guardado la revisión { $rev }.

## The people who are here

panel-close =
    .aria-label = Cerrar
    .title = Cerrar
people-title = Personas
my-color = Tu color
my-name-label = Tu nombre
my-name =
    .placeholder = Sin nombre
anonymous = Sin nombre
others =
    .aria-label = Otras personas aquí
alone = No hay nadie más aquí. Envía el enlace a alguien.
copy-link = Copiar enlace

## The chat

chat-title = Chat
chat-lines =
    .aria-label = Mensajes
chat-earlier = Mensajes anteriores
chat-empty = Aún no hay mensajes.
chat-readers = El chat es para quienes pueden editar este pad. Verás lo que escriban mientras estés aquí.
chat-message = Mensaje
chat-field =
    .placeholder = Escribe un mensaje
chat-send =
    .aria-label = Enviar
    .title = Enviar
chat-says = { $name } dice: { $text }
chat-failed = No se pueden cargar los mensajes anteriores: { $why }
chat-not-sent = Tu mensaje no se envió: { $why }
unsent-text = Escribiste esto el { $time } y la página se cerró antes de enviarlo: «{ $text }»
unsent-changes = Hiciste cambios el { $time } y la página se cerró antes de enviarlos.
unsent-put-back = Recuperar
unsent-discard = Descartar
unsent-misfit = El pad ha cambiado demasiado para recuperar esto. Puedes copiarlo aquí: { $text }
edit-refused = No se pudo añadir: es demasiado grande para este servidor o no encaja en el texto.
files-refused = No se pueden insertar imágenes ni otros archivos en el texto.

## Sharing and settings

settings-title = Compartir y ajustes
settings-close =
    .aria-label = Cerrar
    .title = Cerrar
share = Compartir
share-write = Cualquiera con este enlace puede editar
share-read = Cualquiera con este enlace puede leer, pero no editar
copy = Copiar
copied = Copiado
link-copied = Se ha copiado el enlace.
copy-refused = No se pudo copiar
appearance = Apariencia
theme =
    .aria-label = Tema
theme-auto = Sistema
theme-light = Claro
theme-dark = Oscuro
show-colors = Mostrar los colores de los autores
show-mono = Letra de ancho fijo
show-cursors = Mostrar los cursores de los demás, y el mío a ellos
language = Idioma
language-auto = El del navegador

## The pad as a whole

pad-button =
    .aria-label = Este pad
    .title = Este pad: guardar una copia, importar, eliminar
pad-title = Este pad
exports = Guardar una copia como
export-txt = Texto sin formato
export-html = HTML
export-etherpad = Etherpad
export-docx = Word
export-pdf = PDF
import = Importar un archivo
import-hint = El archivo reemplaza todo lo que hay en este pad. Puede ser texto sin formato, HTML o un pad guardado como archivo de Etherpad.
import-progress =
    .aria-label = Carga
import-ask-title = ¿Reemplazar todo en este pad?
import-ask = «{ $name }» reemplaza el texto para todos.
import-ask-yes = Reemplazar
import-sending = Subiendo «{ $name }»…
import-working = Leyendo el archivo…
import-done = Se ha importado «{ $name }».
import-too-large = Este archivo es demasiado grande para el servidor.
import-not-read = El servidor no pudo convertir este archivo en un pad.
import-has-data = Este pad se ha editado demasiado para reemplazarlo por uno guardado. Importa el archivo en un pad nuevo.
import-not-now = El servidor no puede importar archivos ahora. Inténtalo de nuevo en un momento.
import-busy = El servidor está ocupado con otros archivos. Inténtalo de nuevo en unos segundos.
import-forbidden = No puedes importar archivos en este pad.
import-lost = Se perdió la conexión durante la carga. Inténtalo de nuevo.
import-other = El archivo no se importó (error { $status }).
import-why = { $words } Detalles: { $why }
clear = Colores de los autores
clear-all = Quitar todos los colores…
clear-selection = Quitar los colores de la selección
clear-hint = Después nadie podrá ver quién escribió el texto. Puedes deshacerlo.
clear-ask-title = ¿Quitar todos los colores de los autores?
clear-ask = Nadie verá quién escribió qué en este pad. Puedes deshacerlo.
clear-ask-yes = Quitar
cleared = Se han quitado los colores. Puedes deshacerlo.
clear-none = No hay colores que quitar.
for-all = Para todos en este pad
for-all-rtl = El texto va de derecha a izquierda
for-all-chat = Mostrar el chat
for-all-open-chat = Abrir el chat junto con el pad
for-all-language = Idioma de la página
for-all-enforced = Nadie puede elegir otra cosa
for-all-refused = El ajuste no se cambió: { $why }
delete = Eliminar
delete-pad = Eliminar este pad…
delete-ask-title = ¿Eliminar este pad?
delete-ask = «{ $name }» se eliminará para todos, con su historial y su chat. No se puede deshacer.
delete-ask-yes = Eliminar
delete-refused = El pad no se eliminó: { $why }
ask-no = Cancelar
show-codes = Mostrar códigos QR
hide-codes = Ocultar códigos QR
codes-failed = No se pueden dibujar los códigos QR: { $why }
code-write =
    .aria-label = Código QR del enlace para editar
code-read =
    .aria-label = Código QR del enlace para leer
code-write-caption = Para editar
code-read-caption = Para leer
share-link = Enviar el enlace…

## Who wrote what

who-wrote = ¿Quién escribió el texto del cursor?
    .aria-label = ¿Quién escribió el texto del cursor?
who-you = Esto lo escribiste tú.
who-somebody = Esto lo escribió { $name }.
who-anonymous = Esto lo escribió alguien sin nombre.
who-nobody = No consta ningún autor de este texto.
time-authors =
    .aria-label = Autores de esta revisión
author-you = { $name } (tú)
authors-none = Sin autores
time-restore = Restaurar esta revisión…
restore-ask-title = ¿Restaurar la revisión { $rev }?
restore-ask = El pad vuelve a esta revisión para todos. Puedes deshacerlo.
restore-ask-yes = Restaurar
restored = Se ha restaurado la revisión { $rev }. Puedes deshacerlo.
restore-same = El pad ya coincide con esta revisión.
restore-failed = No se pudo restaurar la revisión: { $why }

## Why something did not work

why-not-connected = no hay conexión
why-connection-lost = se perdió la conexión
why-not-answered = se perdió la conexión antes de que el servidor respondiera; puede que haya llegado o no
why-wrong-key = la clave de este navegador para eliminarlo no es la correcta
why-not-creator = solo puede hacerlo quien lo creó

## The start page

start-title = padfleet: escribir en equipo
start-heading = Escribir en equipo
start-lead = Un pad es una página que pueden editar a la vez todos los que tienen su enlace. Todo se guarda mientras escribes.
start-name = Nombre del pad
start-field =
    .placeholder = notas-del-equipo
start-open = Abrir
start-wrong-name = El nombre de un pad tiene entre 1 y 50 caracteres y no contiene $.
start-fresh = Nuevo pad con un nombre difícil de adivinar
start-recent = Pads recientes
needs-javascript = Esta página necesita JavaScript.

## The page for names that no pad can have

forbidden-title = No existe ese pad | padfleet
forbidden-heading = Un pad no puede llamarse así
forbidden-lead = El nombre de un pad tiene entre 1 y 50 caracteres y no contiene $.
forbidden-back = Elegir otro nombre
