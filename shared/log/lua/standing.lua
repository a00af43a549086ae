-- Says how partitions stand, for observers. Nothing is changed. Time is the server's. On a cluster,
-- only one partition may be asked for: all keys of a script have to be in one slot.
--
-- KEYS  for each partition: state, inbox, parked
-- Replies for each {owner ('' if there never was one), ms that its lease still runs (negative: ms
-- since it ran out; '' if it was given back), ms that the oldest unsettled entry has waited ('' for
-- none), entries, entries that could not be read lately}, or what is wrong with its keys. Entries
-- are those in the stream, of which up to 120 may be settled: a node of it, and what has not been
-- trimmed yet.
local now = redis.call('TIME')
local now_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)

local function standing(state, inbox, parked)
  local held = redis.pcall('HMGET', state, 'owner', 'until', 'position')
  if held.err then return held.err end
  local till = tonumber(held[2] or '0')
  local left = till > 0 and string.format('%d', till - now_ms) or ''
  local oldest = redis.pcall('XRANGE', inbox, '(' .. (held[3] or '0-0'), '+', 'COUNT', 1)
  if oldest.err then return oldest.err end
  local count = redis.pcall('XLEN', parked)
  if type(count) ~= 'number' then count = 0 end
  if not oldest[1] then return {held[1] or '', left, '', 0, count} end
  local since = tonumber(string.match(oldest[1][1], '^%d+'))
  return {held[1] or '', left, string.format('%d', math.max(0, now_ms - since)),
    redis.call('XLEN', inbox), count}
end

local found = {}
for i = 1, #KEYS, 3 do found[#found + 1] = standing(KEYS[i], KEYS[i + 1], KEYS[i + 2]) end
return found
