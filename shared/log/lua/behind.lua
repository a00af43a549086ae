-- Says how pads of a partition stand that are in Redis: whether the cold store is behind, and
-- whether somebody is on them. People who are on a pad now keep it from being frozen for a while.
--
-- KEYS  1 hot  2 unwritten  then for each pad: meta, members, chat, saved, fences
-- ARGV  the pads
-- Replies for each {head ('' = not here), epoch, 1 if the cold store has all of it, people,
-- sessions, time of the last revision, ms since somebody was found on it or it came, 1 if it will be
-- removed automatically}; or what is wrong with its keys.
local now = redis.call('TIME')
local now_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)

local function look(pad, meta, members, chat, saved, fences)
  local found = redis.call('HMGET', meta, 'head', 'epoch', 'sessions', 'time', 'cold')
  if not found[1] then return {'', '', 0, 0, '0', '0', 0, 0} end
  local people = redis.call('HLEN', members)
  local since = tonumber(redis.call('ZSCORE', KEYS[1], pad) or '0')
  if people > 0 then redis.call('ZADD', KEYS[1], now_ms, pad) end
  local stamp = string.sub(found[5] or '', 1, 40)
  local even = stamp ~= '' and stamp == stamp_of(meta, chat, saved, fences)
  local opened = redis.call('ZSCORE', KEYS[2], (found[2] or '0') .. ' ' .. pad)
  return {found[1], found[2] or '0', even and 1 or 0, people, found[3] or '0', found[4] or '0',
    math.max(0, now_ms - since), opened and found[1] == '0' and 1 or 0}
end

local replies = {}
for i, pad in ipairs(ARGV) do
  local at = 5 * i - 2
  local read, found = pcall(look, pad, unpack(KEYS, at, at + 4))
  if not read and type(found) == 'table' then found = found.err end
  replies[i] = found
end
return replies
