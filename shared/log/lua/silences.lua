-- Says which processes there are, and for how long each has been silent. Time is the server's.
--
-- KEYS  1 sorted set: process id -> time of its last beat, ms
-- Replies {id, ms since its last beat, …}.
local now = redis.call('TIME')
local now_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '+inf', 'WITHSCORES')
for i = 2, #found, 2 do found[i] = math.max(0, now_ms - tonumber(found[i])) end
return found
