# Written by hand; see en.ftl, whose messages these are.

## Keys of the keyboard, as they are printed on it

key-ctrl = Ctrl
key-shift = Shift
key-alt = Alt
key-enter = Enter
key-escape = Esc
key-tab = Tab

## The bar at the top

skip-to-text = Ir para o texto
brand =
    .aria-label = padfleet, página inicial
    .title = Página inicial
read-only = somente leitura
people-button =
    .aria-label =
        { $count ->
            [one] { $count } pessoa aqui
           *[other] { $count } pessoas aqui
        }
    .title =
        { $count ->
            [one] { $count } pessoa aqui
           *[other] { $count } pessoas aqui
        }
chat-button =
    .aria-label =
        { $unread ->
            [0] Chat
            [one] Chat, { $unread } nova mensagem
           *[other] Chat, { $unread } novas mensagens
        }
    .title = Chat
history-button =
    .aria-label = Histórico
    .title = Histórico
settings-button =
    .aria-label = Compartilhar e configurações
    .title = Compartilhar e configurações
keys-button =
    .aria-label = Atalhos de teclado
    .title = Atalhos de teclado

## How the connection is

status-loading = Carregando…
status-connecting = Conectando…
status-opening = Abrindo o pad…
status-reconnecting = Reconectando…
status-connected = Conectado
status-saving = Salvando…
status-saved = Salvo
status-offline = Sem internet
status-not-connected = Desconectado
notice-offline = Você está sem internet. Continue escrevendo: suas alterações ficam guardadas aqui e serão enviadas quando a conexão voltar.
notice-unreachable = Não é possível contatar o servidor. Continue escrevendo: suas alterações ficam guardadas aqui e serão enviadas depois.
notice-not-taken = O servidor não está salvando as alterações agora. Continue escrevendo: suas alterações ficam guardadas aqui e serão enviadas depois.
notice-not-reached = Não é possível contatar o servidor. Esta página continua tentando.
notice-not-open = Este pad não pode ser aberto agora: o servidor está lá, mas o seu armazenamento não responde. Esta página continua tentando.
notice-incomplete = Não foi possível carregar uma parte desta página. A página continua tentando.
notice-not-loaded = Não foi possível carregar esta página por completo.
notice-again =
    { $seconds ->
        [one] Nova tentativa em { $seconds } segundo.
       *[other] Nova tentativa em { $seconds } segundos.
    }
notice-denied = Você não tem acesso a este pad.
notice-deleted = Este pad foi excluído. Você ainda pode copiar o texto aqui.
notice-kicked = A administração retirou você deste pad. Recarregue a página mais tarde para voltar.
notice-other-window = Você abriu este pad em outra janela, e ela assumiu o lugar desta.
notice-too-fast = Você estava enviando alterações mais rápido do que este servidor permite.
notice-damaged = Este pad está danificado no servidor. Copie daqui o que precisar.
notice-too-large = O que você adicionou é grande demais para este servidor. Copie o que precisar e recarregue a página.
notice-diverged = Esta cópia não corresponde mais à do servidor. Copie o que precisar e recarregue a página.
button-try-now = Tentar agora
button-reload = Recarregar
button-ok = OK

## The tools above the text

tools =
    .aria-label = Formatação
tool-bold =
    .aria-label = Negrito
tool-italic =
    .aria-label = Itálico
tool-underline =
    .aria-label = Sublinhado
tool-strikethrough =
    .aria-label = Tachado
tool-list =
    .aria-label = Lista com marcadores
tool-numbers =
    .aria-label = Lista numerada
tool-outdent =
    .aria-label = Diminuir recuo
    .title = Diminuir recuo
tool-indent =
    .aria-label = Aumentar recuo
    .title = Aumentar recuo
tool-find =
    .aria-label = Localizar e substituir
tool-heading =
    .aria-label = Estilo de parágrafo
    .title = Estilo de parágrafo
heading-none = Texto
heading-1 = Título 1
heading-2 = Título 2
heading-3 = Título 3
heading-4 = Título 4
tool-undo =
    .aria-label = Desfazer
tool-redo =
    .aria-label = Refazer
open-link = Abrir { $place }

## Find and replace

find =
    .aria-label = Localizar e substituir
find-text =
    .aria-label = Localizar
    .placeholder = Localizar
find-replacement =
    .aria-label = Substituir por
    .placeholder = Substituir por
find-previous =
    .aria-label = Resultado anterior
    .title = Resultado anterior
find-next =
    .aria-label = Próximo resultado
    .title = Próximo resultado
find-close =
    .aria-label = Fechar
    .title = Fechar
find-replace = Substituir
find-replace-all = Substituir tudo
find-case = Diferenciar maiúsculas
find-word = Palavras inteiras
find-regexp = Expressão regular
find-none = Nenhum resultado
find-some =
    { $of ->
        [one] { $of } resultado
       *[other] { $of } resultados
    }
find-many = Mais de { $of } resultados
find-at = { $at } de { $of }
find-invalid = Expressão regular inválida
find-current = Resultado atual
find-on-line = na linha
find-replaced-one = Resultado da linha { $line } substituído
find-replaced = Resultados substituídos: { $count }
text-of-pad = Texto do pad
text-of-past = Texto do pad nesta revisão
leave-hint = A tecla Tab aplica recuo. Para sair do texto, pressione Esc e depois Tab.

## The sheet of keys

keys-title = Atalhos de teclado
keys-indent = Aumentar recuo
keys-outdent = Diminuir recuo
keys-leave = Sair do texto
keys-heading = Título 1 (e 2 a 4)
keys-link = Abrir o link no cursor
keys-save = Salvar a revisão atual
keys-help = Mostrar esta lista
keys-then = e depois

## The history

time =
    .aria-label = Histórico
time-play =
    .aria-label = Reproduzir
    .title = Reproduzir
time-pause =
    .aria-label = Pausar
    .title = Pausar
time-back =
    .aria-label = Revisão anterior
    .title = Revisão anterior
time-next =
    .aria-label = Próxima revisão
    .title = Próxima revisão
time-slider =
    .aria-label = Revisão
time-save =
    .aria-label = Salvar a revisão atual
    .title = Salvar a revisão atual
time-close = Voltar ao pad
time-at = Revisão { $rev } de { $head }
time-saved = salva
time-revision = Revisão { $rev }
time-star = { $label }, salva
time-failed = O histórico não pode ser carregado agora: { $why }
revision-not-saved = Não foi possível salvar a revisão: { $why }
revision-saved = A revisão { $rev } foi salva.

## The people who are here

panel-close =
    .aria-label = Fechar
    .title = Fechar
people-title = Pessoas
my-color = Sua cor
my-name-label = Seu nome
my-name =
    .placeholder = Sem nome
anonymous = Sem nome
others =
    .aria-label = Outras pessoas aqui
alone = Não há mais ninguém aqui. Envie o link a alguém.
copy-link = Copiar link

## The chat

chat-title = Chat
chat-lines =
    .aria-label = Mensagens
chat-earlier = Mensagens anteriores
chat-empty = Ainda não há mensagens.
chat-readers = O chat é para quem pode editar este pad. Você vê o que essas pessoas escrevem enquanto estiver aqui.
chat-message = Mensagem
chat-field =
    .placeholder = Escreva uma mensagem
chat-send =
    .aria-label = Enviar
    .title = Enviar
chat-says = { $name } diz: { $text }
chat-failed = Não é possível carregar as mensagens anteriores: { $why }
chat-not-sent = Sua mensagem não foi enviada: { $why }
unsent-text = Você escreveu isto em { $time }, e a página foi fechada antes do envio: “{ $text }”
unsent-changes = Você fez alterações em { $time }, e a página foi fechada antes do envio.
unsent-put-back = Recuperar
unsent-discard = Descartar
unsent-misfit = O pad mudou demais para recuperar isto. Você pode copiar daqui: { $text }
edit-refused = Não foi possível adicionar: é grande demais para este servidor ou não combina com o texto.
files-refused = Não é possível inserir imagens nem outros arquivos no texto.

## Sharing and settings

settings-title = Compartilhar e configurações
settings-close =
    .aria-label = Fechar
    .title = Fechar
share = Compartilhar
share-write = Qualquer pessoa com este link pode editar
share-read = Qualquer pessoa com este link pode ler, mas não editar
copy = Copiar
copied = Copiado
link-copied = O link foi copiado.
copy-refused = Não foi possível copiar
appearance = Aparência
theme =
    .aria-label = Tema
theme-auto = Sistema
theme-light = Claro
theme-dark = Escuro
show-colors = Mostrar as cores dos autores
show-mono = Fonte de largura fixa
show-cursors = Mostrar os cursores dos outros, e o meu a eles
language = Idioma
language-auto = O do navegador

## The pad as a whole

pad-button =
    .aria-label = Este pad
    .title = Este pad: salvar uma cópia, importar, excluir
pad-title = Este pad
exports = Salvar uma cópia como
export-txt = Texto simples
export-html = HTML
export-etherpad = Etherpad
export-docx = Word
export-pdf = PDF
import = Importar um arquivo
import-hint = O arquivo substitui tudo neste pad. Pode ser texto simples, HTML ou um pad salvo como arquivo do Etherpad.
import-progress =
    .aria-label = Envio
import-ask-title = Substituir tudo neste pad?
import-ask = “{ $name }” substitui o texto para todos.
import-ask-yes = Substituir
import-sending = Enviando “{ $name }”…
import-working = Lendo o arquivo…
import-done = “{ $name }” foi importado.
import-too-large = Este arquivo é grande demais para o servidor.
import-not-read = O servidor não conseguiu transformar este arquivo em um pad.
import-has-data = Este pad já foi editado demais para ser substituído por um salvo. Importe o arquivo em um pad novo.
import-not-now = O servidor não pode importar arquivos agora. Tente de novo daqui a pouco.
import-busy = O servidor está ocupado com outros arquivos. Tente de novo em alguns segundos.
import-forbidden = Você não pode importar arquivos neste pad.
import-lost = A conexão caiu durante o envio. Tente de novo.
import-other = O arquivo não foi importado (erro { $status }).
import-why = { $words } Detalhes: { $why }
clear = Cores dos autores
clear-all = Remover todas as cores…
clear-selection = Remover as cores da seleção
clear-hint = Depois, ninguém verá quem escreveu o texto. Você pode desfazer.
clear-ask-title = Remover todas as cores dos autores?
clear-ask = Ninguém verá quem escreveu o quê neste pad. Você pode desfazer.
clear-ask-yes = Remover
cleared = As cores foram removidas. Você pode desfazer.
clear-none = Não há cores para remover.
for-all = Para todos neste pad
for-all-rtl = O texto vai da direita para a esquerda
for-all-chat = Mostrar o chat
for-all-open-chat = Abrir o chat junto com o pad
for-all-language = Idioma da página
for-all-enforced = Ninguém pode escolher outra coisa
for-all-refused = A configuração não foi alterada: { $why }
delete = Excluir
delete-pad = Excluir este pad…
delete-ask-title = Excluir este pad?
delete-ask = “{ $name }” será excluído para todos, com o histórico e o chat. Não é possível desfazer.
delete-ask-yes = Excluir
delete-refused = O pad não foi excluído: { $why }
ask-no = Cancelar
show-codes = Mostrar códigos QR
hide-codes = Ocultar códigos QR
codes-failed = Não é possível desenhar os códigos QR: { $why }
code-write =
    .aria-label = Código QR do link para editar
code-read =
    .aria-label = Código QR do link para ler
code-write-caption = Para editar
code-read-caption = Para ler
share-link = Enviar o link…

## Who wrote what

who-wrote = Quem escreveu o texto no cursor?
    .aria-label = Quem escreveu o texto no cursor?
who-you = Você escreveu isto.
who-somebody = { $name } escreveu isto.
who-anonymous = Alguém sem nome escreveu isto.
who-nobody = Não há autor registrado para este texto.
time-authors =
    .aria-label = Autores desta revisão
author-you = { $name } (você)
authors-none = Nenhum autor
time-restore = Restaurar esta revisão…
restore-ask-title = Restaurar a revisão { $rev }?
restore-ask = O pad volta a esta revisão para todos. Você pode desfazer.
restore-ask-yes = Restaurar
restored = A revisão { $rev } foi restaurada. Você pode desfazer.
restore-same = O pad já corresponde a esta revisão.
restore-failed = Não foi possível restaurar a revisão: { $why }

## Why something did not work

why-not-connected = não há conexão
why-connection-lost = a conexão caiu
why-not-answered = a conexão caiu antes de o servidor responder; talvez tenha chegado, talvez não
why-wrong-key = a chave deste navegador para excluí-lo não é a certa
why-not-creator = só quem o criou pode fazer isso

## The start page

start-title = padfleet: escrever em conjunto
start-heading = Escrever em conjunto
start-lead = Um pad é uma página que todos os que têm o link podem editar ao mesmo tempo. Tudo é salvo enquanto você digita.
start-name = Nome do pad
start-field =
    .placeholder = notas-da-equipe
start-open = Abrir
start-wrong-name = O nome de um pad tem de 1 a 50 caracteres e não contém $.
start-fresh = Novo pad com nome difícil de adivinhar
start-recent = Pads recentes
needs-javascript = Esta página precisa de JavaScript.

## The page for names that no pad can have

forbidden-title = Pad inexistente | padfleet
forbidden-heading = Um pad não pode ter este nome
forbidden-lead = O nome de um pad tem de 1 a 50 caracteres e não contém $.
forbidden-back = Escolher outro nome
