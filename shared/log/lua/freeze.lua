-- Takes a pad out of Redis of which the cold store has everything, if nobody is on it or about to
-- be.
--
-- KEYS  1 state  2 inbox  3 hot  4 moving  5 witnesses  6 meta  7 members  8 chat  9 saved
--       10 fences  11 onwards: every other key of the pad
-- ARGV  1 term  2 reign  3 pad  4 epoch  5 head  6 chain  7 stamp  8 sessions  9 move
--       10 ms for which nobody may have held it  11 key among the witnesses  12 witness
-- Replies 'ok', or why it stays: 'lease', 'changed', 'people', 'inbox'.
if this_reign(KEYS[1]) ~= ARGV[2] then return 'lease' end
local held = redis.call('HMGET', KEYS[1], 'term', 'position')
if held[1] ~= ARGV[1] then return 'lease' end
local meta = redis.call('HMGET', KEYS[6], 'epoch', 'head', 'chain', 'sessions')
if (meta[1] or '0') ~= ARGV[4] or meta[2] ~= ARGV[5] or meta[3] ~= ARGV[6] or (meta[4] or '0') ~= ARGV[8]
  or stamp_of(KEYS[6], KEYS[8], KEYS[9], KEYS[10]) ~= ARGV[7] then
  return 'changed'
end
if redis.call('HLEN', KEYS[7]) > 0 then return 'people' end
local now = redis.call('TIME')
local now_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
if now_ms - tonumber(redis.call('ZSCORE', KEYS[3], ARGV[3]) or '0') < tonumber(ARGV[10]) then
  return 'people'
end
local waiting = redis.call('XRANGE', KEYS[2], '(' .. (held[2] or '0-0'), '+', 'COUNT', 1000)
if #waiting == 1000 then return 'inbox' end
for _, entry in ipairs(waiting) do
  for i = 2, #entry[2], 2 do
    if string.find(entry[2][i], ARGV[3], 1, true) then return 'inbox' end
  end
end
redis.call('UNLINK', unpack(KEYS, 6))
bear_witness(KEYS[5], ARGV[11], ARGV[12])
redis.call('HSET', KEYS[4], ARGV[3], ARGV[9])
redis.call('ZREM', KEYS[3], ARGV[3])
return 'ok'
