# Written by hand; see en.ftl, whose messages these are.

## Keys of the keyboard, as they are printed on it

key-ctrl = Ctrl
key-shift = Shift
key-alt = Alt
key-enter = Enter
key-escape = Esc
key-tab = Tab

## The bar at the top

skip-to-text = الانتقال إلى النص
brand =
    .aria-label = padfleet، صفحة البداية
    .title = صفحة البداية
read-only = للقراءة فقط
people-button =
    .aria-label = المشاركون هنا: { $count }
    .title = المشاركون هنا: { $count }
chat-button =
    .aria-label =
        { $unread ->
            [0] الدردشة
            [one] الدردشة، رسالة جديدة واحدة
            [two] الدردشة، رسالتان جديدتان
            [few] الدردشة، { $unread } رسائل جديدة
            [many] الدردشة، { $unread } رسالة جديدة
           *[other] الدردشة، { $unread } رسالة جديدة
        }
    .title = الدردشة
history-button =
    .aria-label = السجل
    .title = السجل
settings-button =
    .aria-label = المشاركة والإعدادات
    .title = المشاركة والإعدادات
keys-button =
    .aria-label = اختصارات لوحة المفاتيح
    .title = اختصارات لوحة المفاتيح

## How the connection is

status-loading = جارٍ التحميل…
status-connecting = جارٍ الاتصال…
status-opening = جارٍ فتح اللوحة…
status-reconnecting = جارٍ إعادة الاتصال…
status-connected = متصل
status-saving = جارٍ الحفظ…
status-saved = تم الحفظ
status-offline = بلا إنترنت
status-not-connected = غير متصل
notice-offline = أنت غير متصل بالإنترنت. واصل الكتابة: تُحفظ تغييراتك هنا وتُرسل عند عودة الاتصال.
notice-unreachable = يتعذر الوصول إلى الخادم. واصل الكتابة: تُحفظ تغييراتك هنا وتُرسل لاحقًا.
notice-not-taken = لا يحفظ الخادم التغييرات الآن. واصل الكتابة: تُحفظ تغييراتك هنا وتُرسل لاحقًا.
notice-not-reached = يتعذر الوصول إلى الخادم. ستواصل هذه الصفحة المحاولة.
notice-not-open = يتعذر فتح هذه اللوحة الآن: الخادم متاح، لكن وحدة تخزينه لا تستجيب. ستواصل هذه الصفحة المحاولة.
notice-incomplete = تعذّر تحميل جزء من هذه الصفحة. ستواصل الصفحة المحاولة.
notice-not-loaded = تعذّر تحميل هذه الصفحة بالكامل.
notice-again =
    { $seconds ->
        [zero] تُعاد المحاولة الآن.
        [one] تُعاد المحاولة بعد ثانية واحدة.
        [two] تُعاد المحاولة بعد ثانيتين.
        [few] تُعاد المحاولة بعد { $seconds } ثوانٍ.
        [many] تُعاد المحاولة بعد { $seconds } ثانية.
       *[other] تُعاد المحاولة بعد { $seconds } ثانية.
    }
notice-denied = لا تملك صلاحية الوصول إلى هذه اللوحة.
notice-deleted = حُذفت هذه اللوحة. ما زال بإمكانك نسخ نصها من هنا.
notice-kicked = أخرجك أحد المشرفين من هذه اللوحة. أعد تحميل الصفحة لاحقًا للعودة.
notice-other-window = فتحت هذه اللوحة في نافذة أخرى، وانتقل العمل إليها.
notice-too-fast = كنت ترسل التغييرات بأسرع مما يسمح به هذا الخادم.
notice-damaged = هذه اللوحة تالفة على الخادم. انسخ ما تحتاج إليه من هنا.
notice-too-large = ما أضفته أكبر مما يسمح به هذا الخادم. انسخ ما تحتاج إليه ثم أعد تحميل الصفحة.
notice-diverged = لم تعد هذه النسخة مطابقة للنسخة الموجودة على الخادم. انسخ ما تحتاج إليه ثم أعد تحميل الصفحة.
button-try-now = المحاولة الآن
button-reload = إعادة التحميل
button-ok = حسنًا

## The tools above the text

tools =
    .aria-label = التنسيق
tool-bold =
    .aria-label = غامق
tool-italic =
    .aria-label = مائل
tool-underline =
    .aria-label = تحته خط
tool-strikethrough =
    .aria-label = يتوسطه خط
tool-list =
    .aria-label = قائمة نقطية
tool-numbers =
    .aria-label = قائمة رقمية
tool-outdent =
    .aria-label = إنقاص المسافة البادئة
    .title = إنقاص المسافة البادئة
tool-indent =
    .aria-label = زيادة المسافة البادئة
    .title = زيادة المسافة البادئة
tool-find =
    .aria-label = بحث واستبدال
tool-heading =
    .aria-label = نمط الفقرة
    .title = نمط الفقرة
heading-none = نص
heading-1 = عنوان 1
heading-2 = عنوان 2
heading-3 = عنوان 3
heading-4 = عنوان 4
tool-undo =
    .aria-label = تراجع
tool-redo =
    .aria-label = إعادة
open-link = فتح { $place }

## Find and replace

find =
    .aria-label = بحث واستبدال
find-text =
    .aria-label = بحث
    .placeholder = بحث
find-replacement =
    .aria-label = استبدال بـ
    .placeholder = استبدال بـ
find-previous =
    .aria-label = النتيجة السابقة
    .title = النتيجة السابقة
find-next =
    .aria-label = النتيجة التالية
    .title = النتيجة التالية
find-close =
    .aria-label = إغلاق
    .title = إغلاق
find-replace = استبدال
find-replace-all = استبدال الكل
find-case = مطابقة حالة الأحرف
find-word = كلمات كاملة
find-regexp = تعبير نمطي
find-none = لا توجد نتائج
find-some =
    { $of ->
        [zero] لا توجد نتائج
        [one] نتيجة واحدة
        [two] نتيجتان
        [few] { $of } نتائج
        [many] { $of } نتيجة
       *[other] { $of } نتيجة
    }
find-many = أكثر من { $of } نتيجة
find-at = { $at } من { $of }
find-invalid = تعبير نمطي غير صالح
find-current = النتيجة الحالية
find-on-line = في السطر
find-replaced-one = استُبدلت النتيجة في السطر { $line }
find-replaced = عدد ما استُبدل: { $count }
text-of-pad = نص اللوحة
text-of-past = نص اللوحة في هذه المراجعة
leave-hint = يضيف مفتاح Tab مسافة بادئة. لمغادرة النص، اضغط Esc ثم Tab.

## The sheet of keys

keys-title = اختصارات لوحة المفاتيح
keys-indent = زيادة المسافة البادئة
keys-outdent = إنقاص المسافة البادئة
keys-leave = مغادرة النص
keys-heading = عنوان 1 (ومن 2 إلى 4)
keys-link = فتح الرابط عند المؤشر
keys-save = حفظ المراجعة الحالية
keys-help = عرض هذه القائمة
keys-then = ثم

## The history

time =
    .aria-label = السجل
time-play =
    .aria-label = تشغيل
    .title = تشغيل
time-pause =
    .aria-label = إيقاف مؤقت
    .title = إيقاف مؤقت
time-back =
    .aria-label = المراجعة السابقة
    .title = المراجعة السابقة
time-next =
    .aria-label = المراجعة التالية
    .title = المراجعة التالية
time-slider =
    .aria-label = المراجعة
time-save =
    .aria-label = حفظ المراجعة الحالية
    .title = حفظ المراجعة الحالية
time-close = العودة إلى اللوحة
time-at = المراجعة { $rev } من { $head }
time-saved = محفوظة
time-revision = المراجعة { $rev }
time-star = { $label }، محفوظة
time-failed = يتعذر تحميل السجل الآن: { $why }
revision-not-saved = تعذر حفظ المراجعة: { $why }
revision-saved = حُفظت المراجعة { $rev }.

## The people who are here

panel-close =
    .aria-label = إغلاق
    .title = إغلاق
people-title = الأشخاص
my-color = لونك
my-name-label = اسمك
my-name =
    .placeholder = مجهول
anonymous = مجهول
others =
    .aria-label = أشخاص آخرون هنا
alone = لا يوجد أحد غيرك هنا. أرسل الرابط إلى شخص ما.
copy-link = نسخ الرابط

## The chat

chat-title = الدردشة
chat-lines =
    .aria-label = الرسائل
chat-earlier = رسائل سابقة
chat-empty = لا توجد رسائل بعد.
chat-readers = الدردشة لمن يمكنهم تعديل هذه اللوحة. سترى ما يكتبونه ما دمت هنا.
chat-message = رسالة
chat-field =
    .placeholder = اكتب رسالة
chat-send =
    .aria-label = إرسال
    .title = إرسال
chat-says = يقول { $name }: { $text }
chat-failed = يتعذر تحميل الرسائل السابقة: { $why }
chat-not-sent = لم تُرسل رسالتك: { $why }
unsent-text = كتبت هذا في { $time }، وأُغلقت الصفحة قبل إرساله: «{ $text }»
unsent-changes = أجريت تغييرات في { $time }، وأُغلقت الصفحة قبل إرسالها.
unsent-put-back = إعادتها
unsent-discard = تجاهل
unsent-misfit = تغيرت اللوحة كثيرًا فلا يمكن إعادة هذا. يمكنك نسخه من هنا: { $text }
edit-refused = تعذرت إضافة ذلك: إما أنه أكبر مما يسمح به هذا الخادم أو أنه لا يلائم النص.
files-refused = لا يمكن إدراج الصور والملفات الأخرى في النص.

## Sharing and settings

settings-title = المشاركة والإعدادات
settings-close =
    .aria-label = إغلاق
    .title = إغلاق
share = المشاركة
share-write = يمكن لكل من لديه هذا الرابط التعديل
share-read = يمكن لكل من لديه هذا الرابط القراءة دون التعديل
copy = نسخ
copied = تم النسخ
link-copied = تم نسخ الرابط.
copy-refused = تعذر النسخ
appearance = المظهر
theme =
    .aria-label = السمة
theme-auto = النظام
theme-light = فاتحة
theme-dark = داكنة
show-colors = إظهار ألوان المؤلفين
show-mono = خط ثابت العرض
show-cursors = إظهار مؤشرات الآخرين، وإظهار مؤشري لهم
language = اللغة
language-auto = كلغة المتصفح

## The pad as a whole

pad-button =
    .aria-label = هذه اللوحة
    .title = هذه اللوحة: حفظ نسخة، استيراد، حذف
pad-title = هذه اللوحة
exports = حفظ نسخة بصيغة
export-txt = نص عادي
export-html = HTML
export-etherpad = Etherpad
export-docx = Word
export-pdf = PDF
import = استيراد ملف
import-hint = يحل الملف محل كل ما في هذه اللوحة. يمكن أن يكون نصًا عاديًا أو HTML أو لوحة محفوظة كملف Etherpad.
import-progress =
    .aria-label = الرفع
import-ask-title = هل تريد استبدال كل ما في هذه اللوحة؟
import-ask = سيحل «{ $name }» محل النص لدى الجميع.
import-ask-yes = استبدال
import-sending = جارٍ رفع «{ $name }»…
import-working = جارٍ قراءة الملف…
import-done = تم استيراد «{ $name }».
import-too-large = هذا الملف أكبر مما يسمح به الخادم.
import-not-read = لم يتمكن الخادم من تحويل هذا الملف إلى لوحة.
import-has-data = عُدّلت هذه اللوحة كثيرًا فلا يمكن استبدالها بلوحة محفوظة. استورد الملف إلى لوحة جديدة.
import-not-now = لا يستطيع الخادم استيراد الملفات الآن. حاول مجددًا بعد قليل.
import-busy = الخادم مشغول بملفات أخرى. حاول مجددًا بعد بضع ثوانٍ.
import-forbidden = لا يمكنك استيراد ملفات إلى هذه اللوحة.
import-lost = انقطع الاتصال أثناء الرفع. حاول مجددًا.
import-other = لم يُستورد الملف (خطأ { $status }).
import-why = { $words } التفاصيل: { $why }
clear = ألوان المؤلفين
clear-all = مسح كل الألوان…
clear-selection = مسح ألوان التحديد
clear-hint = بعد المسح لن يرى أحد من كتب النص. يمكنك التراجع عن ذلك.
clear-ask-title = هل تريد مسح كل ألوان المؤلفين؟
clear-ask = لن يرى أحد من كتب ماذا في هذه اللوحة. يمكنك التراجع عن ذلك.
clear-ask-yes = مسح
cleared = مُسحت الألوان. يمكنك التراجع عن ذلك.
clear-none = لا توجد ألوان لمسحها.
for-all = لكل من على هذه اللوحة
for-all-rtl = اتجاه النص من اليمين إلى اليسار
for-all-chat = إظهار الدردشة
for-all-open-chat = فتح الدردشة مع اللوحة
for-all-language = لغة الصفحة
for-all-enforced = لا يمكن لأحد أن يختار غير ذلك
for-all-refused = لم يتغير الإعداد: { $why }
delete = حذف
delete-pad = حذف هذه اللوحة…
delete-ask-title = هل تريد حذف هذه اللوحة؟
delete-ask = ستُحذف «{ $name }» لدى الجميع مع سجلها ودردشتها. لا يمكن التراجع عن ذلك.
delete-ask-yes = حذف
delete-refused = لم تُحذف اللوحة: { $why }
ask-no = إلغاء
show-codes = إظهار رموز QR
hide-codes = إخفاء رموز QR
codes-failed = يتعذر رسم رموز QR: { $why }
code-write =
    .aria-label = رمز QR لرابط التعديل
code-read =
    .aria-label = رمز QR لرابط القراءة
code-write-caption = للتعديل
code-read-caption = للقراءة
share-link = إرسال الرابط…

## Who wrote what

who-wrote = من كتب النص عند المؤشر؟
    .aria-label = من كتب النص عند المؤشر؟
who-you = أنت كتبت هذا.
who-somebody = كتب { $name } هذا.
who-anonymous = كتب هذا شخص بلا اسم.
who-nobody = لا يوجد مؤلف مسجل لهذا النص.
time-authors =
    .aria-label = مؤلفو هذه المراجعة
author-you = { $name } (أنت)
authors-none = لا يوجد مؤلفون
time-restore = استعادة هذه المراجعة…
restore-ask-title = هل تريد استعادة المراجعة { $rev }؟
restore-ask = تعود اللوحة إلى هذه المراجعة لدى الجميع. يمكنك التراجع عن ذلك.
restore-ask-yes = استعادة
restored = استُعيدت المراجعة { $rev }. يمكنك التراجع عن ذلك.
restore-same = اللوحة مطابقة لهذه المراجعة بالفعل.
restore-failed = تعذرت استعادة المراجعة: { $why }

## Why something did not work

why-not-connected = لا يوجد اتصال
why-connection-lost = انقطع الاتصال
why-not-answered = انقطع الاتصال قبل أن يرد الخادم؛ ربما وصل وربما لم يصل
why-wrong-key = مفتاح الحذف في هذا المتصفح غير صحيح
why-not-creator = لا يمكن ذلك إلا لمن أنشأها

## The start page

start-title = padfleet: الكتابة معًا
start-heading = الكتابة معًا
start-lead = اللوحة صفحة يمكن لكل من لديه رابطها تعديلها في الوقت نفسه. يُحفظ كل شيء أثناء الكتابة.
start-name = اسم اللوحة
start-field =
    .placeholder = team-notes
start-open = فتح
start-wrong-name = يتكون اسم اللوحة من 1 إلى 50 حرفًا ولا يحتوي على $.
start-fresh = لوحة جديدة باسم يصعب تخمينه
start-recent = اللوحات الأخيرة
needs-javascript = تحتاج هذه الصفحة إلى JavaScript.

## The page for names that no pad can have

forbidden-title = لا توجد لوحة كهذه | padfleet
forbidden-heading = لا يمكن أن تحمل لوحة هذا الاسم
forbidden-lead = يتكون اسم اللوحة من 1 إلى 50 حرفًا ولا يحتوي على $.
forbidden-back = اختيار اسم آخر
