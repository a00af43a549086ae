-- Notes that these authors' sessions have been found to share the pad's history under this reign.
--
-- KEYS  1 meta  2 seen  3 seen before  4 state      ARGV  1 reign  2 epoch  3 onwards: authors
-- Replies 1, or 0 if the reign or the epoch is another one by now.
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'head', 'reigns')
if this_reign(KEYS[4], meta[3] or '') ~= ARGV[1] or (meta[1] or '0') ~= ARGV[2] then return 0 end
record_reign(KEYS[1], ARGV[1], meta[2] or '-1', meta[3] or '')
for i = 3, #ARGV do note_seen(KEYS[2], KEYS[3], ARGV[i], ARGV[2] .. ' ' .. ARGV[1]) end
return 1
