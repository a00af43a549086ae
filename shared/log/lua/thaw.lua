-- Puts a pad that was brought from the cold store in its place in Redis, in one step.
--
-- KEYS  1 state  2 meta  3 moving  4 hot  5 fences  6 seen  7 saved  8 snap  9 chunks
--       10 staged revisions  11 revisions  12 staged chat  13 chat  14 witnesses
-- ARGV  1 reign  2 pad  3 channel  4 the move that must be there, without its time
--       5 staged revisions  6 staged messages  7 snapshot ('' = none)  8 record of its reigns
--       9 number of its sessions  10 what to note after the stamp
--       11 key among the witnesses
--       then four counted lists: meta fields (n, name, value…), fences (n, author, order…),
--       seen (n, author, history…), saved (n, record…)
--
-- Replies 'ok', or why nothing was done: 'reign', 'here', 'moved', 'staged', 'damaged'.
if this_reign(KEYS[1]) ~= ARGV[1] then return 'reign' end
if redis.call('HGET', KEYS[2], 'head') then return 'here' end
if way_of(redis.call('HGET', KEYS[3], ARGV[2]) or '') ~= ARGV[4] then return 'moved' end
-- Only the meta was removed: what is left of the pad may be newer than the cold store.
if redis.call('EXISTS', KEYS[9], KEYS[11]) > 0 then return 'damaged' end
if redis.call('XLEN', KEYS[10]) ~= tonumber(ARGV[5])
  or redis.call('XLEN', KEYS[12]) ~= tonumber(ARGV[6]) then
  return 'staged'
end

local at = 12
local function counted(width)
  local first = at + 1
  at = at + tonumber(ARGV[at]) * width + 1
  return first, at - 1
end

-- Sessions that came just as the pad was frozen have been counted here.
local sessions = tonumber(redis.call('HGET', KEYS[2], 'sessions') or '0') + tonumber(ARGV[9])
redis.call('UNLINK', KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[13])
local head
local first, last = counted(2)
for i = first, last, 2 do
  if ARGV[i] == 'head' then head = ARGV[i + 1] end
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
end
redis.call('HSET', KEYS[2], 'sessions', string.format('%d', sessions), 'reigns', ARGV[8])
for list = 5, 6 do
  first, last = counted(2)
  for i = first, last, 2 do redis.call('HSET', KEYS[list], ARGV[i], ARGV[i + 1]) end
end
first, last = counted(1)
for i = first, last do redis.call('RPUSH', KEYS[7], ARGV[i]) end
if ARGV[7] ~= '' then redis.call('SET', KEYS[8], ARGV[7]) end
for i = 10, 12, 2 do
  if redis.call('EXISTS', KEYS[i]) == 1 then
    redis.call('RENAME', KEYS[i], KEYS[i + 1])
    redis.call('PERSIST', KEYS[i + 1])
  end
end
record_reign(KEYS[2], this_reign(KEYS[1], ARGV[8]), head, ARGV[8])
redis.call('HSET', KEYS[2], 'cold', stamp_of(KEYS[2], KEYS[13], KEYS[7], KEYS[5]) .. ARGV[10])
redis.call('HDEL', KEYS[3], ARGV[2])
bear_witness(KEYS[14], ARGV[11], '')
local now = redis.call('TIME')
local now_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
redis.call('ZADD', KEYS[4], now_ms, ARGV[2])
-- This tells workers that have already opened the pad and found nothing to look again.
redis.call('SPUBLISH', ARGV[3], 'A')
return 'ok'
