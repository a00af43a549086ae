-- Notes that a process is alive, and says which others are. Time is the server's.
--
-- KEYS  1 sorted set: process id -> time of its last beat, ms
-- ARGV  1 process id ('' only asks)  2 ms after which a silent process counts as dead
-- Replies {ms since this process's previous beat (-1: none), ids of the living…}.
local now = redis.call('TIME')
local now_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
local since = -1
-- A beat in the future was noted by a clock that was ahead of this one, before a fail-over. It
-- counts from now on: a dead process must not seem alive for longer than usual.
local ahead = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%d', now_ms), '+inf')
for _, process in ipairs(ahead) do redis.call('ZADD', KEYS[1], now_ms, process) end
if ARGV[1] ~= '' then
  local last = redis.call('ZSCORE', KEYS[1], ARGV[1])
  if last then since = now_ms - tonumber(last) end
  redis.call('ZADD', KEYS[1], now_ms, ARGV[1])
end
local timeout = tonumber(ARGV[2])
-- Processes that died long ago are forgotten, so that the set stays as small as the fleet.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now_ms - 20 * timeout)
local alive = redis.call('ZRANGEBYSCORE', KEYS[1], now_ms - timeout, '+inf')
table.insert(alive, 1, since)
return alive
