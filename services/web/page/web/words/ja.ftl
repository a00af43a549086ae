# Written by hand; see en.ftl, whose messages these are.

## Keys of the keyboard, as they are printed on it

key-ctrl = Ctrl
key-shift = Shift
key-alt = Alt
key-enter = Enter
key-escape = Esc
key-tab = Tab

## The bar at the top

skip-to-text = 本文へ移動
brand =
    .aria-label = padfleet、スタートページ
    .title = スタートページ
read-only = 閲覧のみ
people-button =
    .aria-label =
        { $count ->
           *[other] { $count } 人が参加中
        }
    .title =
        { $count ->
           *[other] { $count } 人が参加中
        }
chat-button =
    .aria-label =
        { $unread ->
            [0] チャット
           *[other] チャット、新着 { $unread } 件
        }
    .title = チャット
history-button =
    .aria-label = 履歴
    .title = 履歴
settings-button =
    .aria-label = 共有と設定
    .title = 共有と設定
keys-button =
    .aria-label = キーボードショートカット
    .title = キーボードショートカット

## How the connection is

status-loading = 読み込み中…
status-connecting = 接続中…
status-opening = パッドを開いています…
status-reconnecting = 再接続中…
status-connected = 接続しました
status-saving = 保存中…
status-saved = 保存済み
status-offline = オフライン
status-not-connected = 未接続
notice-offline = オフラインです。そのまま書き続けられます。変更はここに保持され、オンラインに戻ると送信されます。
notice-unreachable = サーバーに接続できません。そのまま書き続けられます。変更はここに保持され、後で送信されます。
notice-not-taken = 現在サーバーは変更を保存していません。そのまま書き続けられます。変更はここに保持され、後で送信されます。
notice-not-reached = サーバーに接続できません。引き続き接続を試みます。
notice-not-open = 現在このパッドを開けません。サーバーには接続できましたが、ストレージが応答していません。引き続き接続を試みます。
notice-incomplete = このページの一部を読み込めませんでした。引き続き読み込みを試みます。
notice-not-loaded = このページを完全には読み込めませんでした。
notice-again =
    { $seconds ->
       *[other] { $seconds } 秒後に再試行します。
    }
notice-denied = このパッドにアクセスする権限がありません。
notice-deleted = このパッドは削除されました。本文はまだここからコピーできます。
notice-kicked = 管理者によってこのパッドから退出させられました。戻るには、しばらくしてからページを再読み込みしてください。
notice-other-window = このパッドは別のウィンドウで開かれ、そちらに切り替わりました。
notice-too-fast = このサーバーで許可されている速さを超えて変更が送信されました。
notice-damaged = このパッドはサーバー上で破損しています。必要なものをここからコピーしてください。
notice-too-large = 追加した内容はこのサーバーには大きすぎます。必要なものをコピーしてから、ページを再読み込みしてください。
notice-diverged = この内容はサーバー上のものと一致しなくなりました。必要なものをコピーしてから、ページを再読み込みしてください。
button-try-now = 今すぐ試す
button-reload = 再読み込み
button-ok = OK

## The tools above the text

tools =
    .aria-label = 書式
tool-bold =
    .aria-label = 太字
tool-italic =
    .aria-label = 斜体
tool-underline =
    .aria-label = 下線
tool-strikethrough =
    .aria-label = 取り消し線
tool-list =
    .aria-label = 箇条書き
tool-numbers =
    .aria-label = 番号付きリスト
tool-outdent =
    .aria-label = インデントを減らす
    .title = インデントを減らす
tool-indent =
    .aria-label = インデントを増やす
    .title = インデントを増やす
tool-find =
    .aria-label = 検索と置換
tool-heading =
    .aria-label = 段落スタイル
    .title = 段落スタイル
heading-none = 本文
heading-1 = 見出し 1
heading-2 = 見出し 2
heading-3 = 見出し 3
heading-4 = 見出し 4
tool-undo =
    .aria-label = 元に戻す
tool-redo =
    .aria-label = やり直す
open-link = { $place } を開く

## Find and replace

find =
    .aria-label = 検索と置換
find-text =
    .aria-label = 検索
    .placeholder = 検索
find-replacement =
    .aria-label = 置換後の文字列
    .placeholder = 置換後の文字列
find-previous =
    .aria-label = 前の一致
    .title = 前の一致
find-next =
    .aria-label = 次の一致
    .title = 次の一致
find-close =
    .aria-label = 閉じる
    .title = 閉じる
find-replace = 置換
find-replace-all = すべて置換
find-case = 大文字と小文字を区別
find-word = 単語単位
find-regexp = 正規表現
find-none = 一致なし
find-some =
    { $of ->
       *[other] { $of } 件一致
    }
find-many = { $of } 件を超える一致
find-at = { $at } / { $of }
find-invalid = 正規表現が正しくありません
find-current = 現在の一致
find-on-line = 行
find-replaced-one = { $line } 行目を置換しました
find-replaced = 置換した件数: { $count }
text-of-pad = パッドの本文
text-of-past = このリビジョンの本文
leave-hint = Tab キーでインデントします。本文から離れるには、Esc キーを押してから Tab キーを押してください。

## The sheet of keys

keys-title = キーボードショートカット
keys-indent = インデントを増やす
keys-outdent = インデントを減らす
keys-leave = 本文から離れる
keys-heading = 見出し 1（2～4 も同様）
keys-link = カーソル位置のリンクを開く
keys-save = 現在のリビジョンを保存
keys-help = この一覧を表示
keys-then = 次に

## The history

time =
    .aria-label = 履歴
time-play =
    .aria-label = 再生
    .title = 再生
time-pause =
    .aria-label = 一時停止
    .title = 一時停止
time-back =
    .aria-label = 前のリビジョン
    .title = 前のリビジョン
time-next =
    .aria-label = 次のリビジョン
    .title = 次のリビジョン
time-slider =
    .aria-label = リビジョン
time-save =
    .aria-label = 現在のリビジョンを保存
    .title = 現在のリビジョンを保存
time-close = パッドに戻る
time-at = リビジョン { $rev } / { $head }
time-saved = 保存済み
time-revision = リビジョン { $rev }
time-star = { $label }、保存済み
time-failed = 現在、履歴を読み込めません: { $why }
revision-not-saved = リビジョンを保存できませんでした: { $why }
revision-saved = リビジョン { $rev } を保存しました。

## The people who are here

panel-close =
    .aria-label = 閉じる
    .title = 閉じる
people-title = 参加者
my-color = あなたの色
my-name-label = あなたの名前
my-name =
    .placeholder = 名無し
anonymous = 名無し
others =
    .aria-label = ほかの参加者
alone = ほかには誰もいません。リンクを送って招待しましょう。
copy-link = リンクをコピー

## The chat

chat-title = チャット
chat-lines =
    .aria-label = メッセージ
chat-earlier = 以前のメッセージ
chat-empty = まだメッセージはありません。
chat-readers = チャットはこのパッドを編集できる人のためのものです。開いている間に書かれたメッセージは表示されます。
chat-message = メッセージ
chat-field =
    .placeholder = メッセージを入力
chat-send =
    .aria-label = 送信
    .title = 送信
chat-says = { $name } さん: { $text }
chat-failed = 以前のメッセージを読み込めません: { $why }
chat-not-sent = メッセージを送信できませんでした: { $why }
unsent-text = { $time } に書いた内容が、送信前にページが閉じられたため残っています: 「{ $text }」
unsent-changes = { $time } に加えた変更が、送信前にページが閉じられたため残っています。
unsent-put-back = 元に戻す
unsent-discard = 破棄
unsent-misfit = パッドが大きく変わったため、元に戻せません。ここからコピーできます: { $text }
edit-refused = 追加できませんでした。このサーバーには大きすぎるか、本文に合いません。
files-refused = 本文に画像などのファイルを入れることはできません。

## Sharing and settings

settings-title = 共有と設定
settings-close =
    .aria-label = 閉じる
    .title = 閉じる
share = 共有
share-write = このリンクを知っている人は誰でも編集できます
share-read = このリンクを知っている人は誰でも閲覧できますが、編集はできません
copy = コピー
copied = コピーしました
link-copied = リンクをコピーしました。
copy-refused = コピーできません
appearance = 表示
theme =
    .aria-label = テーマ
theme-auto = システム
theme-light = ライト
theme-dark = ダーク
show-colors = 作成者の色を表示
show-mono = 等幅フォント
show-cursors = ほかの人のカーソルを表示し、自分のカーソルも見せる
language = 言語
language-auto = ブラウザーと同じ

## The pad as a whole

pad-button =
    .aria-label = このパッド
    .title = このパッド: コピーの保存、インポート、削除
pad-title = このパッド
exports = コピーを保存
export-txt = プレーンテキスト
export-html = HTML
export-etherpad = Etherpad
export-docx = Word
export-pdf = PDF
import = ファイルをインポート
import-hint = ファイルはこのパッドの内容をすべて置き換えます。プレーンテキスト、HTML、または Etherpad ファイルとして保存したパッドを使えます。
import-progress =
    .aria-label = アップロード
import-ask-title = このパッドの内容をすべて置き換えますか？
import-ask = 「{ $name }」が全員の本文を置き換えます。
import-ask-yes = 置き換える
import-sending = 「{ $name }」をアップロード中…
import-working = ファイルを読み込み中…
import-done = 「{ $name }」をインポートしました。
import-too-large = このファイルはサーバーには大きすぎます。
import-not-read = サーバーはこのファイルをパッドに変換できませんでした。
import-has-data = このパッドは編集が多すぎるため、保存したものに置き換えられません。新しいパッドにインポートしてください。
import-not-now = 現在サーバーはファイルをインポートできません。しばらくしてからもう一度お試しください。
import-busy = サーバーはほかのファイルを処理中です。数秒後にもう一度お試しください。
import-forbidden = このパッドにはファイルをインポートできません。
import-lost = アップロード中に接続が切れました。もう一度お試しください。
import-other = ファイルをインポートできませんでした（エラー { $status }）。
import-why = { $words } 詳細: { $why }
clear = 作成者の色
clear-all = すべての色を消去…
clear-selection = 選択範囲の色を消去
clear-hint = 消去すると、誰が書いたかわからなくなります。元に戻せます。
clear-ask-title = 作成者の色をすべて消去しますか？
clear-ask = このパッドで誰が何を書いたかわからなくなります。元に戻せます。
clear-ask-yes = 消去
cleared = 色を消去しました。元に戻せます。
clear-none = 消去する色はありません。
for-all = このパッドの全員に適用
for-all-rtl = 本文を右から左に表示
for-all-chat = チャットを表示
for-all-open-chat = パッドと同時にチャットを開く
for-all-language = ページの言語
for-all-enforced = 各自で変更できないようにする
for-all-refused = 設定を変更できませんでした: { $why }
delete = 削除
delete-pad = このパッドを削除…
delete-ask-title = このパッドを削除しますか？
delete-ask = 「{ $name }」は履歴とチャットも含めて全員から削除されます。元に戻せません。
delete-ask-yes = 削除
delete-refused = パッドを削除できませんでした: { $why }
ask-no = キャンセル
show-codes = QR コードを表示
hide-codes = QR コードを隠す
codes-failed = QR コードを描画できません: { $why }
code-write =
    .aria-label = 編集用リンクの QR コード
code-read =
    .aria-label = 閲覧用リンクの QR コード
code-write-caption = 編集用
code-read-caption = 閲覧用
share-link = リンクを送信…

## Who wrote what

who-wrote = カーソル位置の文章を書いた人は？
    .aria-label = カーソル位置の文章を書いた人は？
who-you = あなたが書きました。
who-somebody = { $name } さんが書きました。
who-anonymous = 名前のない人が書きました。
who-nobody = この文章には作成者の記録がありません。
time-authors =
    .aria-label = このリビジョンの作成者
author-you = { $name }（あなた）
authors-none = 作成者なし
time-restore = このリビジョンに戻す…
restore-ask-title = リビジョン { $rev } に戻しますか？
restore-ask = 全員のパッドがこのリビジョンに戻ります。元に戻せます。
restore-ask-yes = 戻す
restored = リビジョン { $rev } に戻しました。元に戻せます。
restore-same = パッドはすでにこのリビジョンと同じです。
restore-failed = リビジョンに戻せませんでした: { $why }

## Why something did not work

why-not-connected = 接続されていません
why-connection-lost = 接続が切れました
why-not-answered = サーバーが応答する前に接続が切れました。届いたかどうかは不明です
why-wrong-key = このブラウザーの削除用キーが正しくありません
why-not-creator = それができるのは作成した人だけです

## The start page

start-title = padfleet: みんなで書く
start-heading = みんなで書く
start-lead = パッドは、リンクを知っている全員が同時に編集できるページです。入力した内容はすべて自動的に保存されます。
start-name = パッドの名前
start-field =
    .placeholder = team-notes
start-open = 開く
start-wrong-name = パッドの名前は 1～50 文字で、$ は使えません。
start-fresh = 推測されにくい名前で新しいパッドを作成
start-recent = 最近開いたパッド
needs-javascript = このページには JavaScript が必要です。

## The page for names that no pad can have

forbidden-title = パッドがありません | padfleet
forbidden-heading = この名前は使えません
forbidden-lead = パッドの名前は 1～50 文字で、$ は使えません。
forbidden-back = 別の名前を選ぶ
