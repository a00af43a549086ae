-- How a partition stands, for who looks on. Nothing is changed. Time is the server's.
--
-- KEYS  1 state  2 inbox  3 parked
-- Replies {owner ('' if there never was one), ms that its lease still runs (negative: ms since it
-- ran out; '' if it was given back), ms that the oldest unsettled entry has waited ('' for none),
-- entries, entries that could not be read lately}. Entries are those in the stream, of which up to a hundred may be settled.
local now = redis.call('TIME')
local now_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
local held = redis.call('HMGET', KEYS[1], 'owner', 'until', 'position')
local till = tonumber(held[2] or '0')
local left = till > 0 and string.format('%d', till - now_ms) or ''
local oldest = redis.call('XRANGE', KEYS[2], '(' .. (held[3] or '0-0'), '+', 'COUNT', 1)
local parked = redis.pcall('XLEN', KEYS[3])
if type(parked) ~= 'number' then parked = 0 end
if not oldest[1] then return {held[1] or '', left, '', 0, parked} end
local since = tonumber(string.match(oldest[1][1], '^%d+'))
return {held[1] or '', left, string.format('%d', math.max(0, now_ms - since)),
  redis.call('XLEN', KEYS[2]), parked}
