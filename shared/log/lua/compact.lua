-- Moves the oldest revisions of a pad from its stream into one compressed chunk. Both happen in one
-- step, so a reader finds each revision in one place or the other.
--
-- KEYS  1 state  2 revs  3 chunks  4 meta
-- ARGV  1 term  2 epoch  3 chunk number  4 blob  5 first revision that stays in the stream
--       6 reign
-- Replies 1 if they were moved, 0 if the lease is another writer's or the pad has another epoch.
if this_reign(KEYS[1]) ~= ARGV[6] then return 0 end
if redis.call('HGET', KEYS[1], 'term') ~= ARGV[1] then return 0 end
if redis.call('HGET', KEYS[4], 'epoch') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[3], ARGV[3], ARGV[4])
redis.call('XTRIM', KEYS[2], 'MINID', string.format('%d-1', tonumber(ARGV[5])))
redis.call('HSET', KEYS[4], 'first', ARGV[5])
return 1
