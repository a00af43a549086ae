-- Appends the revisions of one inbox batch, and moves the inbox position with them (I2).
--
-- KEYS  1 state  2 inbox  then three for each pad: revs, meta, fences
-- ARGV  1 term  2 expected position  3 new position  4 lease in ms  5 reign
--       6 what to do about the workers: 'tell' them, or 'hold' it back until replicas have the
--       commit; the channels that wait for that are noted for whoever owns the partition then
--       then for each pad: channel, expected head ('' for any), expected chain, message header, and
--       three counted lists:
--       revisions (n, record…), meta fields (n, key, value…), fences (n, author, order…)
--
-- Replies {'ok'}, or names what no longer holds: {'reign', current}, {'term', current},
-- {'position', current}, {'head', pad index, current}. Redis does not undo a script that fails
-- half-way, so everything is checked before anything is written.
local state, inbox = KEYS[1], KEYS[2]
local reign = this_reign(state)
if reign ~= ARGV[5] then return {'reign', reign} end
local held = redis.call('HMGET', state, 'term', 'position')
if held[1] ~= ARGV[1] then return {'term', held[1] or ''} end
local position = held[2] or '0-0'
if position ~= ARGV[2] then return {'position', position} end

local function counted(at, width)
  local size = tonumber(ARGV[at]) * width
  return at + 1, at + size, at + size + 1
end

local pads, at = (#KEYS - 2) / 3, 7
local known = {}
for i = 1, pads do
  -- The chain too: after a fail-over, or a deletion, another history may have the same length.
  local meta = redis.call('HMGET', KEYS[3 * i + 1], 'head', 'chain', 'reigns')
  local head = meta[1] or '-1'
  if ARGV[at + 1] ~= '' and (head ~= ARGV[at + 1] or (meta[2] or '') ~= ARGV[at + 2]) then
    return {'head', tostring(i), head}
  end
  known[i] = {head, meta[3] or ''}
  if is_past(reign, known[i][2]) then return {'reign', this_reign(state, known[i][2])} end
  local _, _, after = counted(at + 4, 1)
  _, _, after = counted(after, 2)
  _, _, at = counted(after, 2)
end

local untold = {}
at = 7
for i = 1, pads do
  local revs, meta, fences = KEYS[3 * i], KEYS[3 * i + 1], KEYS[3 * i + 2]
  local channel, rev, header = ARGV[at], tonumber(known[i][1]), ARGV[at + 3]
  local records = {}
  local first, last, after = counted(at + 4, 1)
  if last >= first then record_reign(meta, reign, known[i][1], known[i][2]) end
  for j = first, last do
    rev = rev + 1
    -- The second lock: were the head wrong all the same, the stream itself refuses the ID (I1).
    redis.call('XADD', revs, string.format('%d-1', rev), 'r', ARGV[j])
    records[#records + 1] = ARGV[j]
  end
  first, last, after = counted(after, 2)
  for j = first, last, 2 do redis.call('HSET', meta, ARGV[j], ARGV[j + 1]) end
  first, last, at = counted(after, 2)
  for j = first, last, 2 do redis.call('HSET', fences, ARGV[j], ARGV[j + 1]) end
  if ARGV[6] == 'tell' then
    redis.call('SPUBLISH', channel, 'R' .. header .. table.concat(records))
  else
    untold[#untold + 1] = channel
  end
end

local now = redis.call('TIME')
local now_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
redis.call('HSET', state, 'position', ARGV[3], 'until', string.format('%d', now_ms + tonumber(ARGV[4])))
if ARGV[6] == 'tell' then
  redis.call('HSET', state, 'told', ARGV[3])
else
  redis.call('HSET', state, 'untold', cmsgpack.pack(untold))
end
-- Every entry up to the position is settled; '~' lets Redis drop whole nodes only.
redis.call('XTRIM', inbox, 'MINID', '~', ARGV[3])
return {'ok'}
