-- Reads what a pad is opened from: its newest snapshot, and the revisions after it.
--
-- KEYS  1 meta  2 snap  3 revs  4 chunks      ARGV  1 maximum number of revisions
-- Replies {snapshot or false, stream entries, how many of revs and chunks there are}. Revisions
-- that the stream no longer holds are missing at the beginning of the entries.
local after = tonumber(redis.call('HGET', KEYS[1], 'snap') or '-1') or -1
local first = string.format('%.0f-1', after + 1)
local entries = redis.call('XRANGE', KEYS[3], first, '+', 'COUNT', ARGV[1])
return {redis.call('GET', KEYS[2]), entries, redis.call('EXISTS', KEYS[3], KEYS[4])}
