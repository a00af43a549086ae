# Written by hand; see en.ftl, whose messages these are.

## Keys of the keyboard, as they are printed on it

key-ctrl = Ctrl
key-shift = Shift
key-alt = Alt
key-enter = Enter
key-escape = Esc
key-tab = Tab

## The bar at the top

skip-to-text = דילוג אל הטקסט
brand =
    .aria-label = padfleet, דף הפתיחה
    .title = דף הפתיחה
read-only = לקריאה בלבד
people-button =
    .aria-label = משתתפים כאן: { $count }
    .title = משתתפים כאן: { $count }
chat-button =
    .aria-label =
        { $unread ->
            [0] צ׳אט
            [one] צ׳אט, הודעה חדשה אחת
            [two] צ׳אט, שתי הודעות חדשות
           *[other] צ׳אט, { $unread } הודעות חדשות
        }
    .title = צ׳אט
history-button =
    .aria-label = היסטוריה
    .title = היסטוריה
settings-button =
    .aria-label = שיתוף והגדרות
    .title = שיתוף והגדרות
keys-button =
    .aria-label = קיצורי מקלדת
    .title = קיצורי מקלדת

## How the connection is

status-loading = טוען…
status-connecting = מתחבר…
status-opening = פותח את הפד…
status-reconnecting = מתחבר מחדש…
status-connected = מחובר
status-saving = שומר…
status-saved = נשמר
status-offline = לא מקוון
status-not-connected = לא מחובר
notice-offline = אין חיבור לאינטרנט. אפשר להמשיך לכתוב: השינויים נשמרים כאן ויישלחו כשהחיבור יחזור.
notice-unreachable = לא ניתן להגיע לשרת. אפשר להמשיך לכתוב: השינויים נשמרים כאן ויישלחו מאוחר יותר.
notice-not-taken = השרת אינו שומר שינויים כעת. אפשר להמשיך לכתוב: השינויים נשמרים כאן ויישלחו מאוחר יותר.
notice-not-reached = לא ניתן להגיע לשרת. הדף ימשיך לנסות.
notice-not-open = לא ניתן לפתוח את הפד כעת: השרת זמין, אבל האחסון שלו אינו מגיב. הדף ימשיך לנסות.
notice-incomplete = לא ניתן היה לטעון חלק מהדף הזה. הדף ממשיך לנסות.
notice-not-loaded = לא ניתן היה לטעון את הדף הזה במלואו.
notice-again =
    { $seconds ->
        [one] ניסיון חוזר בעוד שנייה.
        [two] ניסיון חוזר בעוד שתי שניות.
       *[other] ניסיון חוזר בעוד { $seconds } שניות.
    }
notice-denied = אין לך גישה לפד הזה.
notice-deleted = הפד הזה נמחק. עדיין אפשר להעתיק מכאן את הטקסט.
notice-kicked = מנהל המערכת הוציא אותך מהפד הזה. כדי לחזור, יש לטעון מחדש את הדף מאוחר יותר.
notice-other-window = הפד הזה נפתח בחלון אחר שלך, והוא ממשיך שם.
notice-too-fast = נשלחו שינויים מהר יותר ממה שהשרת הזה מאפשר.
notice-damaged = הפד הזה פגום בשרת. כדאי להעתיק מכאן את מה שנחוץ.
notice-too-large = מה שנוסף גדול מדי עבור השרת הזה. כדאי להעתיק את מה שנחוץ ולטעון את הדף מחדש.
notice-diverged = העותק הזה כבר אינו תואם לעותק שבשרת. כדאי להעתיק את מה שנחוץ ולטעון את הדף מחדש.
button-try-now = ניסיון עכשיו
button-reload = טעינה מחדש
button-ok = אישור

## The tools above the text

tools =
    .aria-label = עיצוב
tool-bold =
    .aria-label = מודגש
tool-italic =
    .aria-label = נטוי
tool-underline =
    .aria-label = קו תחתון
tool-strikethrough =
    .aria-label = קו חוצה
tool-list =
    .aria-label = רשימת תבליטים
tool-numbers =
    .aria-label = רשימה ממוספרת
tool-outdent =
    .aria-label = הקטנת הזחה
    .title = הקטנת הזחה
tool-indent =
    .aria-label = הגדלת הזחה
    .title = הגדלת הזחה
tool-find =
    .aria-label = חיפוש והחלפה
tool-heading =
    .aria-label = סגנון פסקה
    .title = סגנון פסקה
heading-none = טקסט
heading-1 = כותרת 1
heading-2 = כותרת 2
heading-3 = כותרת 3
heading-4 = כותרת 4
tool-undo =
    .aria-label = ביטול
tool-redo =
    .aria-label = ביצוע מחדש
open-link = פתיחת { $place }

## Find and replace

find =
    .aria-label = חיפוש והחלפה
find-text =
    .aria-label = חיפוש
    .placeholder = חיפוש
find-replacement =
    .aria-label = החלפה ב־
    .placeholder = החלפה ב־
find-previous =
    .aria-label = התוצאה הקודמת
    .title = התוצאה הקודמת
find-next =
    .aria-label = התוצאה הבאה
    .title = התוצאה הבאה
find-close =
    .aria-label = סגירה
    .title = סגירה
find-replace = החלפה
find-replace-all = החלפת הכול
find-case = התאמת רישיות
find-word = מילים שלמות
find-regexp = ביטוי רגולרי
find-none = אין תוצאות
find-some =
    { $of ->
        [one] תוצאה אחת
        [two] שתי תוצאות
       *[other] { $of } תוצאות
    }
find-many = יותר מ־{ $of } תוצאות
find-at = { $at } מתוך { $of }
find-invalid = ביטוי רגולרי לא תקין
find-current = התוצאה הנוכחית
find-on-line = בשורה
find-replaced-one = הוחלפה התוצאה בשורה { $line }
find-replaced = הוחלפו: { $count }
text-of-pad = הטקסט של הפד
text-of-past = הטקסט של הפד בגרסה זו
leave-hint = מקש Tab מוסיף הזחה. ליציאה מהטקסט יש להקיש Esc ואז Tab.

## The sheet of keys

keys-title = קיצורי מקלדת
keys-indent = הגדלת הזחה
keys-outdent = הקטנת הזחה
keys-leave = יציאה מהטקסט
keys-heading = כותרת 1 (וגם 2 עד 4)
keys-link = פתיחת הקישור שבסמן
keys-save = שמירת הגרסה הנוכחית
keys-help = הצגת הרשימה הזו
keys-then = ואז

## The history

time =
    .aria-label = היסטוריה
time-play =
    .aria-label = הפעלה
    .title = הפעלה
time-pause =
    .aria-label = השהיה
    .title = השהיה
time-back =
    .aria-label = הגרסה הקודמת
    .title = הגרסה הקודמת
time-next =
    .aria-label = הגרסה הבאה
    .title = הגרסה הבאה
time-slider =
    .aria-label = גרסה
time-save =
    .aria-label = שמירת הגרסה הנוכחית
    .title = שמירת הגרסה הנוכחית
time-close = חזרה לפד
time-at = גרסה { $rev } מתוך { $head }
time-saved = שמורה
time-revision = גרסה { $rev }
time-star = { $label }, שמורה
time-failed = לא ניתן לטעון את ההיסטוריה כעת: { $why }
revision-not-saved = לא ניתן לשמור את הגרסה: { $why }
revision-saved = גרסה { $rev } נשמרה.

## The people who are here

panel-close =
    .aria-label = סגירה
    .title = סגירה
people-title = אנשים
my-color = הצבע שלך
my-name-label = השם שלך
my-name =
    .placeholder = אלמוני
anonymous = אלמוני
others =
    .aria-label = אנשים נוספים כאן
alone = אין כאן אף אחד מלבדך. אפשר לשלוח למישהו את הקישור.
copy-link = העתקת הקישור

## The chat

chat-title = צ׳אט
chat-lines =
    .aria-label = הודעות
chat-earlier = הודעות קודמות
chat-empty = אין עדיין הודעות.
chat-readers = הצ׳אט מיועד למי שיכול לערוך את הפד. כל עוד הדף פתוח אפשר לראות מה נכתב בו.
chat-message = הודעה
chat-field =
    .placeholder = כתיבת הודעה
chat-send =
    .aria-label = שליחה
    .title = שליחה
chat-says = { $name }: { $text }
chat-failed = לא ניתן לטעון הודעות קודמות: { $why }
chat-not-sent = ההודעה לא נשלחה: { $why }
unsent-text = זה נכתב ב־{ $time }, והדף נסגר לפני שנשלח: ״{ $text }״
unsent-changes = שינויים נעשו ב־{ $time }, והדף נסגר לפני שנשלחו.
unsent-put-back = החזרה
unsent-discard = מחיקה
unsent-misfit = הפד השתנה יותר מדי מכדי להחזיר את זה. אפשר להעתיק מכאן: { $text }
edit-refused = לא ניתן להוסיף: זה גדול מדי עבור השרת הזה, או אינו מתאים לטקסט.
files-refused = אי אפשר להוסיף לטקסט תמונות או קבצים אחרים.

## Sharing and settings

settings-title = שיתוף והגדרות
settings-close =
    .aria-label = סגירה
    .title = סגירה
share = שיתוף
share-write = כל מי שיש לו הקישור הזה יכול לערוך
share-read = כל מי שיש לו הקישור הזה יכול לקרוא, אך לא לערוך
copy = העתקה
copied = הועתק
link-copied = הקישור הועתק.
copy-refused = ההעתקה נכשלה
appearance = מראה
theme =
    .aria-label = ערכת נושא
theme-auto = מערכת
theme-light = בהירה
theme-dark = כהה
show-colors = הצגת צבעי הכותבים
show-mono = גופן ברוחב קבוע
show-cursors = הצגת הסמנים של אחרים, והסמן שלי להם
language = שפה
language-auto = כמו בדפדפן

## The pad as a whole

pad-button =
    .aria-label = הפד הזה
    .title = הפד הזה: שמירת עותק, ייבוא, מחיקה
pad-title = הפד הזה
exports = שמירת עותק בתור
export-txt = טקסט רגיל
export-html = HTML
export-etherpad = Etherpad
export-docx = Word
export-pdf = PDF
import = ייבוא קובץ
import-hint = הקובץ מחליף את כל התוכן של הפד. הוא יכול להיות טקסט רגיל, HTML או פד שנשמר כקובץ Etherpad.
import-progress =
    .aria-label = העלאה
import-ask-title = להחליף את כל התוכן של הפד?
import-ask = ״{ $name }״ יחליף את הטקסט אצל כולם.
import-ask-yes = החלפה
import-sending = מעלה את ״{ $name }״…
import-working = קורא את הקובץ…
import-done = ״{ $name }״ יובא.
import-too-large = הקובץ הזה גדול מדי עבור השרת.
import-not-read = השרת לא הצליח להפוך את הקובץ הזה לפד.
import-has-data = הפד הזה נערך יותר מדי מכדי להחליף אותו בפד שמור. אפשר לייבא את הקובץ לפד חדש.
import-not-now = השרת לא יכול לייבא קבצים כעת. כדאי לנסות שוב בעוד רגע.
import-busy = השרת עסוק בקבצים אחרים. כדאי לנסות שוב בעוד כמה שניות.
import-forbidden = אין לך אפשרות לייבא קבצים לפד הזה.
import-lost = החיבור נותק במהלך ההעלאה. כדאי לנסות שוב.
import-other = הקובץ לא יובא (שגיאה { $status }).
import-why = { $words } פרטים: { $why }
clear = צבעי הכותבים
clear-all = ניקוי כל הצבעים…
clear-selection = ניקוי הצבעים בבחירה
clear-hint = לאחר הניקוי איש לא יראה מי כתב את הטקסט. אפשר לבטל זאת.
clear-ask-title = לנקות את כל צבעי הכותבים?
clear-ask = איש לא יראה מי כתב מה בפד הזה. אפשר לבטל זאת.
clear-ask-yes = ניקוי
cleared = הצבעים נוקו. אפשר לבטל זאת.
clear-none = אין צבעים לניקוי.
for-all = לכל מי שבפד הזה
for-all-rtl = הטקסט רץ מימין לשמאל
for-all-chat = הצגת הצ׳אט
for-all-open-chat = פתיחת הצ׳אט יחד עם הפד
for-all-language = שפת הדף
for-all-enforced = אי אפשר לבחור אחרת
for-all-refused = ההגדרה לא שונתה: { $why }
delete = מחיקה
delete-pad = מחיקת הפד הזה…
delete-ask-title = למחוק את הפד הזה?
delete-ask = ״{ $name }״ יימחק אצל כולם, עם ההיסטוריה והצ׳אט. אי אפשר לבטל זאת.
delete-ask-yes = מחיקה
delete-refused = הפד לא נמחק: { $why }
ask-no = ביטול
show-codes = הצגת קודי QR
hide-codes = הסתרת קודי QR
codes-failed = לא ניתן לצייר את קודי ה־QR: { $why }
code-write =
    .aria-label = קוד QR של הקישור לעריכה
code-read =
    .aria-label = קוד QR של הקישור לקריאה
code-write-caption = לעריכה
code-read-caption = לקריאה
share-link = שליחת הקישור…

## Who wrote what

who-wrote = מי כתב את הטקסט שבסמן?
    .aria-label = מי כתב את הטקסט שבסמן?
who-you = זה נכתב על ידך.
who-somebody = זה נכתב על ידי { $name }.
who-anonymous = זה נכתב על ידי מישהו ללא שם.
who-nobody = לא רשום כותב לטקסט הזה.
time-authors =
    .aria-label = הכותבים של הגרסה הזו
author-you = { $name } (את/ה)
authors-none = אין כותבים
time-restore = שחזור הגרסה הזו…
restore-ask-title = לשחזר את גרסה { $rev }?
restore-ask = הפד חוזר לגרסה הזו אצל כולם. אפשר לבטל זאת.
restore-ask-yes = שחזור
restored = גרסה { $rev } שוחזרה. אפשר לבטל זאת.
restore-same = הפד כבר תואם לגרסה הזו.
restore-failed = לא ניתן לשחזר את הגרסה: { $why }

## Why something did not work

why-not-connected = אין חיבור
why-connection-lost = החיבור נותק
why-not-answered = החיבור נותק לפני שהשרת ענה; ייתכן שהגיע וייתכן שלא
why-wrong-key = מפתח המחיקה שבדפדפן הזה אינו נכון
why-not-creator = רק מי שיצר אותו יכול לעשות זאת

## The start page

start-title = padfleet: כותבים ביחד
start-heading = כותבים ביחד
start-lead = פד הוא דף שכל מי שיש לו הקישור יכול לערוך בו־זמנית. הכול נשמר תוך כדי הקלדה.
start-name = שם הפד
start-field =
    .placeholder = team-notes
start-open = פתיחה
start-wrong-name = שם של פד כולל 1 עד 50 תווים, בלי הסימן $.
start-fresh = פד חדש בשם שקשה לנחש
start-recent = פדים אחרונים
needs-javascript = הדף הזה דורש JavaScript.

## The page for names that no pad can have

forbidden-title = אין פד כזה | padfleet
forbidden-heading = פד לא יכול להיקרא כך
forbidden-lead = שם של פד כולל 1 עד 50 תווים, בלי הסימן $.
forbidden-back = בחירת שם אחר
