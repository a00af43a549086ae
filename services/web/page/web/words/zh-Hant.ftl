# Written by hand; see en.ftl, whose messages these are.

## Keys of the keyboard, as they are printed on it

key-ctrl = Ctrl
key-shift = Shift
key-alt = Alt
key-enter = Enter
key-escape = Esc
key-tab = Tab

## The bar at the top

skip-to-text = 跳至內文
brand =
    .aria-label = padfleet，首頁
    .title = 首頁
read-only = 唯讀
people-button =
    .aria-label =
        { $count ->
           *[other] { $count } 人在線上
        }
    .title =
        { $count ->
           *[other] { $count } 人在線上
        }
chat-button =
    .aria-label =
        { $unread ->
            [0] 聊天
           *[other] 聊天，{ $unread } 則新訊息
        }
    .title = 聊天
history-button =
    .aria-label = 歷史紀錄
    .title = 歷史紀錄
settings-button =
    .aria-label = 分享與設定
    .title = 分享與設定
keys-button =
    .aria-label = 鍵盤快速鍵
    .title = 鍵盤快速鍵

## How the connection is

status-loading = 載入中…
status-connecting = 連線中…
status-opening = 正在開啟文件…
status-reconnecting = 重新連線中…
status-connected = 已連線
status-saving = 儲存中…
status-saved = 已儲存
status-offline = 離線
status-not-connected = 未連線
notice-offline = 你目前離線。可以繼續書寫：變更會保留在這裡，恢復連線後送出。
notice-unreachable = 無法連上伺服器。可以繼續書寫：變更會保留在這裡，稍後送出。
notice-not-taken = 伺服器目前沒有儲存變更。可以繼續書寫：變更會保留在這裡，稍後送出。
notice-not-reached = 無法連上伺服器。此頁面會繼續嘗試。
notice-not-open = 目前無法開啟這份文件：伺服器可以連線，但其儲存空間沒有回應。此頁面會繼續嘗試。
notice-incomplete = 此頁面有一部分無法載入。頁面會繼續嘗試。
notice-not-loaded = 此頁面無法完整載入。
notice-again =
    { $seconds ->
       *[other] { $seconds } 秒後重試。
    }
notice-denied = 你沒有這份文件的存取權限。
notice-deleted = 這份文件已被刪除。你仍可從這裡複製其內容。
notice-kicked = 管理員已讓你離開這份文件。稍後重新載入頁面即可返回。
notice-other-window = 你在另一個視窗開啟了這份文件，已改由該視窗接手。
notice-too-fast = 你送出變更的速度超過這台伺服器的限制。
notice-damaged = 這份文件在伺服器上已損毀。請從這裡複製你需要的內容。
notice-too-large = 你加入的內容對這台伺服器來說太大。請複製需要的內容，然後重新載入頁面。
notice-diverged = 此處的內容與伺服器上的已不一致。請複製需要的內容，然後重新載入頁面。
button-try-now = 立即重試
button-reload = 重新載入
button-ok = 確定

## The tools above the text

tools =
    .aria-label = 格式
tool-bold =
    .aria-label = 粗體
tool-italic =
    .aria-label = 斜體
tool-underline =
    .aria-label = 底線
tool-strikethrough =
    .aria-label = 刪除線
tool-list =
    .aria-label = 項目符號清單
tool-numbers =
    .aria-label = 編號清單
tool-outdent =
    .aria-label = 減少縮排
    .title = 減少縮排
tool-indent =
    .aria-label = 增加縮排
    .title = 增加縮排
tool-find =
    .aria-label = 尋找與取代
tool-heading =
    .aria-label = 段落樣式
    .title = 段落樣式
heading-none = 內文
heading-1 = 標題 1
heading-2 = 標題 2
heading-3 = 標題 3
heading-4 = 標題 4
tool-undo =
    .aria-label = 復原
tool-redo =
    .aria-label = 重做
open-link = 開啟 { $place }

## Find and replace

find =
    .aria-label = 尋找與取代
find-text =
    .aria-label = 尋找
    .placeholder = 尋找
find-replacement =
    .aria-label = 取代為
    .placeholder = 取代為
find-previous =
    .aria-label = 上一個相符項目
    .title = 上一個相符項目
find-next =
    .aria-label = 下一個相符項目
    .title = 下一個相符項目
find-close =
    .aria-label = 關閉
    .title = 關閉
find-replace = 取代
find-replace-all = 全部取代
find-case = 區分大小寫
find-word = 全字拼寫相符
find-regexp = 規則運算式
find-none = 沒有相符項目
find-some =
    { $of ->
       *[other] { $of } 個相符項目
    }
find-many = 超過 { $of } 個相符項目
find-at = 第 { $at } 個，共 { $of } 個
find-invalid = 規則運算式無效
find-current = 目前相符項目
find-on-line = 行
find-replaced-one = 已取代第 { $line } 行的相符項目
find-replaced = 已取代：{ $count }
text-of-pad = 文件內文
text-of-past = 此版本的內文
leave-hint = 按 Tab 鍵可縮排。若要離開內文，請先按 Esc 鍵，再按 Tab 鍵。

## The sheet of keys

keys-title = 鍵盤快速鍵
keys-indent = 增加縮排
keys-outdent = 減少縮排
keys-leave = 離開內文
keys-heading = 標題 1（及 2 至 4）
keys-link = 開啟游標處的連結
keys-save = 儲存目前版本
keys-help = 顯示此清單
keys-then = 然後

## The history

time =
    .aria-label = 歷史紀錄
time-play =
    .aria-label = 播放
    .title = 播放
time-pause =
    .aria-label = 暫停
    .title = 暫停
time-back =
    .aria-label = 上一個版本
    .title = 上一個版本
time-next =
    .aria-label = 下一個版本
    .title = 下一個版本
time-slider =
    .aria-label = 版本
time-save =
    .aria-label = 儲存目前版本
    .title = 儲存目前版本
time-close = 返回文件
time-at = 版本 { $rev }，共 { $head }
time-saved = 已儲存
time-revision = 版本 { $rev }
time-star = { $label }，已儲存
time-failed = 目前無法載入歷史紀錄：{ $why }
revision-not-saved = 無法儲存此版本：{ $why }
revision-saved = 版本 { $rev } 已儲存。

## The people who are here

panel-close =
    .aria-label = 關閉
    .title = 關閉
people-title = 成員
my-color = 你的顏色
my-name-label = 你的名字
my-name =
    .placeholder = 匿名
anonymous = 匿名
others =
    .aria-label = 其他在線上的人
alone = 這裡只有你一個人。把連結傳給別人吧。
copy-link = 複製連結

## The chat

chat-title = 聊天
chat-lines =
    .aria-label = 訊息
chat-earlier = 較早的訊息
chat-empty = 還沒有訊息。
chat-readers = 聊天僅供可以編輯這份文件的人使用。你在這裡時可以看到他們傳送的訊息。
chat-message = 訊息
chat-field =
    .placeholder = 輸入訊息
chat-send =
    .aria-label = 傳送
    .title = 傳送
chat-says = { $name } 說：{ $text }
chat-failed = 無法載入較早的訊息：{ $why }
chat-not-sent = 訊息未送出：{ $why }
unsent-text = 你在 { $time } 寫下了以下內容，但頁面在送出前已關閉：「{ $text }」
unsent-changes = 你在 { $time } 做了變更，但頁面在送出前已關閉。
unsent-put-back = 還原
unsent-discard = 捨棄
unsent-misfit = 文件變動太大，無法還原此內容。你可以從這裡複製：{ $text }
edit-refused = 無法加入：內容對這台伺服器來說太大，或與內文不符。
files-refused = 內文中無法插入圖片和其他檔案。

## Sharing and settings

settings-title = 分享與設定
settings-close =
    .aria-label = 關閉
    .title = 關閉
share = 分享
share-write = 知道這個連結的任何人都可以編輯
share-read = 知道這個連結的任何人都可以閱讀，但不能編輯
copy = 複製
copied = 已複製
link-copied = 已複製連結。
copy-refused = 無法複製
appearance = 外觀
theme =
    .aria-label = 主題
theme-auto = 跟隨系統
theme-light = 淺色
theme-dark = 深色
show-colors = 顯示作者顏色
show-mono = 等寬字型
show-cursors = 顯示他人的游標，並向他們顯示我的游標
language = 語言
language-auto = 與瀏覽器相同

## The pad as a whole

pad-button =
    .aria-label = 這份文件
    .title = 這份文件：儲存副本、匯入、刪除
pad-title = 這份文件
exports = 將副本另存為
export-txt = 純文字
export-html = HTML
export-etherpad = Etherpad
export-docx = Word
export-pdf = PDF
import = 匯入檔案
import-hint = 檔案會取代這份文件的全部內容。可以是純文字、HTML，或儲存為 Etherpad 檔案的文件。
import-progress =
    .aria-label = 上傳
import-ask-title = 要取代這份文件的全部內容嗎？
import-ask = 「{ $name }」會取代所有人看到的內文。
import-ask-yes = 取代
import-sending = 正在上傳「{ $name }」…
import-working = 正在讀取檔案…
import-done = 已匯入「{ $name }」。
import-too-large = 這個檔案對伺服器來說太大。
import-not-read = 伺服器無法將這個檔案轉換為文件。
import-has-data = 這份文件的編輯過多，無法以已儲存的文件取代。請將檔案匯入新文件。
import-not-now = 伺服器目前無法匯入檔案。請稍後再試。
import-busy = 伺服器正在處理其他檔案。請幾秒後再試。
import-forbidden = 你無法將檔案匯入這份文件。
import-lost = 上傳時連線中斷。請再試一次。
import-other = 檔案未匯入（錯誤 { $status }）。
import-why = { $words } 詳細資訊：{ $why }
clear = 作者顏色
clear-all = 清除所有顏色…
clear-selection = 清除選取範圍的顏色
clear-hint = 清除後，任何人都看不到內文由誰書寫。你可以復原。
clear-ask-title = 要清除所有作者顏色嗎？
clear-ask = 任何人都看不到這份文件中誰寫了什麼。你可以復原。
clear-ask-yes = 清除
cleared = 已清除顏色。你可以復原。
clear-none = 沒有可清除的顏色。
for-all = 對這份文件的所有人
for-all-rtl = 內文由右至左
for-all-chat = 顯示聊天
for-all-open-chat = 開啟文件時一併開啟聊天
for-all-language = 頁面語言
for-all-enforced = 其他人不能自行變更
for-all-refused = 設定未變更：{ $why }
delete = 刪除
delete-pad = 刪除這份文件…
delete-ask-title = 要刪除這份文件嗎？
delete-ask = 「{ $name }」及其歷史紀錄和聊天將對所有人刪除。此動作無法復原。
delete-ask-yes = 刪除
delete-refused = 文件未刪除：{ $why }
ask-no = 取消
show-codes = 顯示 QR 碼
hide-codes = 隱藏 QR 碼
codes-failed = 無法繪製 QR 碼：{ $why }
code-write =
    .aria-label = 編輯連結的 QR 碼
code-read =
    .aria-label = 閱讀連結的 QR 碼
code-write-caption = 用於編輯
code-read-caption = 用於閱讀
share-link = 傳送連結…

## Who wrote what

who-wrote = 游標處的文字是誰寫的？
    .aria-label = 游標處的文字是誰寫的？
who-you = 這是你寫的。
who-somebody = 這是 { $name } 寫的。
who-anonymous = 這是一位沒有名字的人寫的。
who-nobody = 此處沒有作者紀錄。
time-authors =
    .aria-label = 此版本的作者
author-you = { $name }（你）
authors-none = 沒有作者
time-restore = 還原此版本…
restore-ask-title = 要還原版本 { $rev } 嗎？
restore-ask = 文件將對所有人還原到此版本。你可以復原。
restore-ask-yes = 還原
restored = 版本 { $rev } 已還原。你可以復原。
restore-same = 文件已與此版本一致。
restore-failed = 無法還原此版本：{ $why }

## Why something did not work

why-not-connected = 沒有連線
why-connection-lost = 連線已中斷
why-not-answered = 連線在伺服器回覆前中斷，可能已送達，也可能沒有
why-wrong-key = 這個瀏覽器的刪除金鑰不正確
why-not-creator = 只有建立者可以這樣做

## The start page

start-title = padfleet：一起書寫
start-heading = 一起書寫
start-lead = 這裡的文件可供所有知道連結的人同時編輯。輸入的內容會自動儲存。
start-name = 文件名稱
start-field =
    .placeholder = team-notes
start-open = 開啟
start-wrong-name = 文件名稱為 1 到 50 個字元，且不能包含 $。
start-fresh = 建立名稱難以猜到的新文件
start-recent = 最近開啟的文件
needs-javascript = 此頁面需要 JavaScript。

## The page for names that no pad can have

forbidden-title = 沒有這份文件 | padfleet
forbidden-heading = 文件不能使用這個名稱
forbidden-lead = 文件名稱為 1 到 50 個字元，且不能包含 $。
forbidden-back = 換一個名稱
