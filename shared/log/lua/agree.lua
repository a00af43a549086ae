-- Settles what the processes of a fleet have to agree on. Time is the server's.
--
-- KEYS  1 config
-- ARGV  1 partitions  2 format  3 since when this process is in the fleet, ms ('' at its start)
--       4 the cold store that it uses ('' = none)
-- Replies {partitions, format, since when there is the fleet, 1 if this call begins it, cold store}.
-- A process that finds nothing writes what it has. Of two fleets the older one wins: what it had
-- written was lost, and another fleet has begun in its place.
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
-- This is at the start of a process, or after everything was lost: somebody who removes the store
-- by hand may name another one.
if told and cold == '' and ARGV[4] ~= '' and partitions == ARGV[1] then
  cold = ARGV[4]
  redis.call('HSET', KEYS[1], 'cold', cold)
end
return {partitions, format, since, begun, cold}
