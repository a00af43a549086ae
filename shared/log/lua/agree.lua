-- What the processes of a fleet have to agree on. Time is the server's.
--
-- KEYS  1 config
-- ARGV  1 partitions  2 format  3 since when this process is of the fleet, ms ('' at its start)
--       4 the cold store that it uses ('' = none)
-- Replies {partitions, format, since when the fleet is, 1 if this call has begun it, cold store}.
-- Whoever finds nothing writes it. Of two fleets the older one stays: what it had written got lost,
-- and another has begun in its place.
local now = redis.call('TIME')
local now_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
local held = redis.call('HMGET', KEYS[1], 'partitions', 'format', 'since')
local partitions, format, since = held[1], held[2] or '0', held[3] or '0'
local mine = tonumber(ARGV[3])
local begun, told = 0, ARGV[3] == ''
if not partitions or (mine and tonumber(since) > mine) then
  begun, told = partitions and 0 or 1, true
  partitions = ARGV[1]
  since = ARGV[3] ~= '' and ARGV[3] or string.format('%d', now_ms)
  redis.call('HSET', KEYS[1], 'partitions', partitions, 'since', since)
end
if partitions == ARGV[1] and tonumber(format) < tonumber(ARGV[2]) then
  format = ARGV[2]
  redis.call('HSET', KEYS[1], 'format', format)
end
local cold = redis.call('HGET', KEYS[1], 'cold') or ''
-- At the start, or where all of it got lost: who takes it away by hand may name another.
if told and cold == '' and ARGV[4] ~= '' and partitions == ARGV[1] then
  cold = ARGV[4]
  redis.call('HSET', KEYS[1], 'cold', cold)
end
return {partitions, format, since, begun, cold}
