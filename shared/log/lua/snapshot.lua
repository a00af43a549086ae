-- Stores a snapshot, unless the lease is another writer's or there is a newer snapshot of this pad.
--
-- KEYS  1 state  2 snap  3 meta      ARGV  1 term  2 rev  3 epoch  4 blob  5 reign
-- Replies 1 if it was stored, 0 if not.
-- Under another reign, the revisions in the snapshot may be gone.
if this_reign(KEYS[1]) ~= ARGV[5] then return 0 end
if redis.call('HGET', KEYS[1], 'term') ~= ARGV[1] then return 0 end
local meta = redis.call('HMGET', KEYS[3], 'epoch', 'snap')
if meta[1] ~= ARGV[3] or tonumber(meta[2] or '-1') >= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[2], ARGV[4])
redis.call('HSET', KEYS[3], 'snap', ARGV[2])
return 1
