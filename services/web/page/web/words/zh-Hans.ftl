# Written by hand; see en.ftl, whose messages these are.

## Keys of the keyboard, as they are printed on it

key-ctrl = Ctrl
key-shift = Shift
key-alt = Alt
key-enter = Enter
key-escape = Esc
key-tab = Tab

## The bar at the top

skip-to-text = 跳到正文
brand =
    .aria-label = padfleet，首页
    .title = 首页
read-only = 只读
people-button =
    .aria-label =
        { $count ->
           *[other] { $count } 人在线
        }
    .title =
        { $count ->
           *[other] { $count } 人在线
        }
chat-button =
    .aria-label =
        { $unread ->
            [0] 聊天
           *[other] 聊天，{ $unread } 条新消息
        }
    .title = 聊天
history-button =
    .aria-label = 历史记录
    .title = 历史记录
settings-button =
    .aria-label = 分享与设置
    .title = 分享与设置
keys-button =
    .aria-label = 键盘快捷键
    .title = 键盘快捷键

## How the connection is

status-loading = 正在加载…
status-connecting = 正在连接…
status-opening = 正在打开文档…
status-reconnecting = 正在重新连接…
status-connected = 已连接
status-saving = 正在保存…
status-saved = 已保存
status-offline = 离线
status-not-connected = 未连接
notice-offline = 你已离线。可以继续书写：更改会保留在这里，恢复联网后发送。
notice-unreachable = 无法连接服务器。可以继续书写：更改会保留在这里，稍后发送。
notice-not-taken = 服务器目前没有保存更改。可以继续书写：更改会保留在这里，稍后发送。
notice-not-reached = 无法连接服务器。本页会继续尝试。
notice-not-open = 目前无法打开此文档：服务器可以连接，但其存储没有响应。本页会继续尝试。
notice-incomplete = 此页面有一部分未能加载。页面会继续尝试。
notice-not-loaded = 此页面未能完整加载。
notice-again =
    { $seconds ->
       *[other] { $seconds } 秒后重试。
    }
notice-denied = 你无权访问此文档。
notice-deleted = 此文档已被删除。你仍可从这里复制其内容。
notice-kicked = 管理员已让你离开此文档。稍后重新加载页面即可返回。
notice-other-window = 你在另一个窗口中打开了此文档，已切换到那个窗口。
notice-too-fast = 你发送更改的速度超过了此服务器的限制。
notice-damaged = 此文档在服务器上已损坏。请从这里复制你需要的内容。
notice-too-large = 你添加的内容对此服务器来说过大。请复制所需内容，然后重新加载页面。
notice-diverged = 此处的内容与服务器上的已不一致。请复制所需内容，然后重新加载页面。
button-try-now = 立即重试
button-reload = 重新加载
button-ok = 确定

## The tools above the text

tools =
    .aria-label = 格式
tool-bold =
    .aria-label = 粗体
tool-italic =
    .aria-label = 斜体
tool-underline =
    .aria-label = 下划线
tool-strikethrough =
    .aria-label = 删除线
tool-list =
    .aria-label = 项目符号列表
tool-numbers =
    .aria-label = 编号列表
tool-outdent =
    .aria-label = 减少缩进
    .title = 减少缩进
tool-indent =
    .aria-label = 增加缩进
    .title = 增加缩进
tool-find =
    .aria-label = 查找和替换
tool-heading =
    .aria-label = 段落样式
    .title = 段落样式
heading-none = 正文
heading-1 = 标题 1
heading-2 = 标题 2
heading-3 = 标题 3
heading-4 = 标题 4
tool-undo =
    .aria-label = 撤销
tool-redo =
    .aria-label = 重做
open-link = 打开 { $place }

## Find and replace

find =
    .aria-label = 查找和替换
find-text =
    .aria-label = 查找
    .placeholder = 查找
find-replacement =
    .aria-label = 替换为
    .placeholder = 替换为
find-previous =
    .aria-label = 上一个匹配项
    .title = 上一个匹配项
find-next =
    .aria-label = 下一个匹配项
    .title = 下一个匹配项
find-close =
    .aria-label = 关闭
    .title = 关闭
find-replace = 替换
find-replace-all = 全部替换
find-case = 区分大小写
find-word = 全字匹配
find-regexp = 正则表达式
find-none = 无匹配项
find-some =
    { $of ->
       *[other] { $of } 个匹配项
    }
find-many = 超过 { $of } 个匹配项
find-at = 第 { $at } 个，共 { $of } 个
find-invalid = 正则表达式无效
find-current = 当前匹配项
find-on-line = 行
find-replaced-one = 已替换第 { $line } 行的匹配项
find-replaced = 已替换：{ $count }
text-of-pad = 文档正文
text-of-past = 此版本的正文
leave-hint = 按 Tab 键可缩进。要离开正文，请先按 Esc 键，再按 Tab 键。

## The sheet of keys

keys-title = 键盘快捷键
keys-indent = 增加缩进
keys-outdent = 减少缩进
keys-leave = 离开正文
keys-heading = 标题 1（及 2 至 4）
keys-link = 打开光标处的链接
keys-save = 保存当前版本
keys-help = 显示此列表
keys-then = 然后

## The history

time =
    .aria-label = 历史记录
time-play =
    .aria-label = 播放
    .title = 播放
time-pause =
    .aria-label = 暂停
    .title = 暂停
time-back =
    .aria-label = 上一版本
    .title = 上一版本
time-next =
    .aria-label = 下一版本
    .title = 下一版本
time-slider =
    .aria-label = 版本
time-save =
    .aria-label = 保存当前版本
    .title = 保存当前版本
time-close = 返回文档
time-at = 版本 { $rev }，共 { $head }
time-saved = 已保存
time-revision = 版本 { $rev }
time-star = { $label }，已保存
time-failed = 目前无法加载历史记录：{ $why }
revision-not-saved = 无法保存此版本：{ $why }
revision-saved = 版本 { $rev } 已保存。

## The people who are here

panel-close =
    .aria-label = 关闭
    .title = 关闭
people-title = 成员
my-color = 你的颜色
my-name-label = 你的名字
my-name =
    .placeholder = 匿名
anonymous = 匿名
others =
    .aria-label = 其他在线的人
alone = 这里只有你一个人。把链接发给别人吧。
copy-link = 复制链接

## The chat

chat-title = 聊天
chat-lines =
    .aria-label = 消息
chat-earlier = 更早的消息
chat-empty = 还没有消息。
chat-readers = 聊天仅供可以编辑此文档的人使用。你在这里时可以看到他们发送的消息。
chat-message = 消息
chat-field =
    .placeholder = 输入消息
chat-send =
    .aria-label = 发送
    .title = 发送
chat-says = { $name } 说：{ $text }
chat-failed = 无法加载更早的消息：{ $why }
chat-not-sent = 消息未发送：{ $why }
unsent-text = 你在 { $time } 写下了以下内容，但页面在发送前已关闭：“{ $text }”
unsent-changes = 你在 { $time } 做了更改，但页面在发送前已关闭。
unsent-put-back = 恢复
unsent-discard = 放弃
unsent-misfit = 文档变化太大，无法恢复此内容。你可以从这里复制：{ $text }
edit-refused = 无法添加：内容对此服务器来说过大，或与正文不符。
files-refused = 正文中无法插入图片和其他文件。

## Sharing and settings

settings-title = 分享与设置
settings-close =
    .aria-label = 关闭
    .title = 关闭
share = 分享
share-write = 知道此链接的任何人都可以编辑
share-read = 知道此链接的任何人都可以阅读，但不能编辑
copy = 复制
copied = 已复制
link-copied = 链接已复制。
copy-refused = 无法复制
appearance = 外观
theme =
    .aria-label = 主题
theme-auto = 跟随系统
theme-light = 浅色
theme-dark = 深色
show-colors = 显示作者颜色
show-mono = 等宽字体
show-cursors = 显示他人的光标，并向他们显示我的光标
language = 语言
language-auto = 跟随浏览器

## The pad as a whole

pad-button =
    .aria-label = 此文档
    .title = 此文档：保存副本、导入、删除
pad-title = 此文档
exports = 副本另存为
export-txt = 纯文本
export-html = HTML
export-etherpad = Etherpad
export-docx = Word
export-pdf = PDF
import = 导入文件
import-hint = 文件将替换此文档的全部内容。可以是纯文本、HTML，或保存为 Etherpad 文件的文档。
import-progress =
    .aria-label = 上传
import-ask-title = 替换此文档的全部内容？
import-ask = “{ $name }”将替换所有人看到的正文。
import-ask-yes = 替换
import-sending = 正在上传“{ $name }”…
import-working = 正在读取文件…
import-done = 已导入“{ $name }”。
import-too-large = 此文件对服务器来说过大。
import-not-read = 服务器无法将此文件转换为文档。
import-has-data = 此文档的编辑过多，无法用已保存的文档替换。请将文件导入新文档。
import-not-now = 服务器目前无法导入文件。请稍后再试。
import-busy = 服务器正在处理其他文件。请几秒后再试。
import-forbidden = 你无法将文件导入此文档。
import-lost = 上传时连接断开。请重试。
import-other = 文件未导入（错误 { $status }）。
import-why = { $words } 详情：{ $why }
clear = 作者颜色
clear-all = 清除所有颜色…
clear-selection = 清除所选内容的颜色
clear-hint = 清除后，任何人都看不到正文由谁书写。你可以撤销。
clear-ask-title = 清除所有作者颜色？
clear-ask = 任何人都看不到此文档中谁写了什么。你可以撤销。
clear-ask-yes = 清除
cleared = 颜色已清除。你可以撤销。
clear-none = 没有可清除的颜色。
for-all = 对此文档的所有人
for-all-rtl = 正文从右到左
for-all-chat = 显示聊天
for-all-open-chat = 打开文档时同时打开聊天
for-all-language = 页面语言
for-all-enforced = 其他人不能自行更改
for-all-refused = 设置未更改：{ $why }
delete = 删除
delete-pad = 删除此文档…
delete-ask-title = 删除此文档？
delete-ask = “{ $name }”及其历史记录和聊天将对所有人删除。此操作无法撤销。
delete-ask-yes = 删除
delete-refused = 文档未删除：{ $why }
ask-no = 取消
show-codes = 显示二维码
hide-codes = 隐藏二维码
codes-failed = 无法绘制二维码：{ $why }
code-write =
    .aria-label = 编辑链接的二维码
code-read =
    .aria-label = 阅读链接的二维码
code-write-caption = 用于编辑
code-read-caption = 用于阅读
share-link = 发送链接…

## Who wrote what

who-wrote = 光标处的文字是谁写的？
    .aria-label = 光标处的文字是谁写的？
who-you = 这是你写的。
who-somebody = 这是 { $name } 写的。
who-anonymous = 这是一位没有名字的人写的。
who-nobody = 此处没有作者记录。
time-authors =
    .aria-label = 此版本的作者
author-you = { $name }（你）
authors-none = 没有作者
time-restore = 恢复此版本…
restore-ask-title = 恢复版本 { $rev }？
restore-ask = 文档将对所有人恢复到此版本。你可以撤销。
restore-ask-yes = 恢复
restored = 版本 { $rev } 已恢复。你可以撤销。
restore-same = 文档已与此版本一致。
restore-failed = 无法恢复此版本：{ $why }

## Why something did not work

why-not-connected = 没有连接
why-connection-lost = 连接已断开
why-not-answered = 连接在服务器答复之前断开，可能已送达，也可能没有
why-wrong-key = 此浏览器的删除密钥不正确
why-not-creator = 只有创建者可以这样做

## The start page

start-title = padfleet：一起书写
start-heading = 一起书写
start-lead = 这里的文档可供所有知道链接的人同时编辑。输入的内容会自动保存。
start-name = 文档名称
start-field =
    .placeholder = team-notes
start-open = 打开
start-wrong-name = 文档名称为 1 到 50 个字符，且不能包含 $。
start-fresh = 新建名称难以猜到的文档
start-recent = 最近打开的文档
needs-javascript = 本页面需要 JavaScript。

## The page for names that no pad can have

forbidden-title = 没有这个文档 | padfleet
forbidden-heading = 文档不能使用这个名称
forbidden-lead = 文档名称为 1 到 50 个字符，且不能包含 $。
forbidden-back = 换一个名称
