-- Appends the revisions of one inbox batch, and moves the inbox position with them (I2).
--
-- KEYS  1 state  2 inbox  then three for each pad: revs, meta, fences
--       last, if pads were made by opening them: the partition's unwritten pads
-- ARGV  1 term  2 expected position  3 new position, followed by the IDs of later entries that are
--       settled as well, each after a space: these are removed from the inbox
--       4 lease in ms  5 reign
--       6 'trim' to remove settled entries from the inbox now, or ''
--       7 whether to 'tell' the workers, or to 'hold' this back until replicas have the commit; the
--       channels that wait for that are noted for whoever owns the partition then
--       then for each pad: channel, expected head ('' for any), expected chain, message header, and
--       three counted lists:
--       revisions (n, record…), meta fields (n, key, value…), fences (n, author, order…; '' removes
--       one)
--       then the records of new unwritten pads
--
-- Replies {'ok'}, or which check has failed: {'reign', current}, {'term', current}, {'position',
-- current}, {'head', pad index, current}; or which pad has inconsistent keys: {'damaged', pad
-- index, what}. Redis does not undo a script that fails half-way, so everything is checked before
-- anything is written: whatever one pad's keys hold, the other pads of the batch neither fail with
-- it nor are half-written.
local state, inbox = KEYS[1], KEYS[2]
local held = redis.call('HMGET', state, 'reign', 'reigns', 'servers', 'term', 'position')
local reign = this_reign(state, '', held)
if reign ~= ARGV[5] then return {'reign', reign} end
if held[4] ~= ARGV[1] then return {'term', held[4] or ''} end
local position = held[5] or '0-0'
if position ~= ARGV[2] then return {'position', position} end
local aside = {}
for id in string.gmatch(ARGV[3], '%S+') do aside[#aside + 1] = id end
local new_position = table.remove(aside, 1)
-- Only this script removes entries, so it has done so before, and the answer was lost.
if aside[1] and #redis.call('XRANGE', inbox, aside[1], aside[1]) == 0 then
  return {'position', new_position}
end

local function counted(at, width)
  local size = tonumber(ARGV[at]) * width
  return at + 1, at + size, at + size + 1
end

-- Returns the answer; or else what is wrong with the key; or else a fault that is not this pad's.
local function look(command, key, ...)
  local found = redis.pcall(command, key, ...)
  if type(found) ~= 'table' or not found.err then return found end
  if string.find(found.err, 'WRONGTYPE', 1, true) then return nil, key .. ' is of a wrong type' end
  return nil, nil, found
end

-- Returns why revisions may not follow `head` in the stream, if they may not; or a fault.
local function out_of_step(revs, head)
  local newest, why, fault = look('XREVRANGE', revs, '+', '-', 'COUNT', 1)
  if not newest then return why, fault end
  local last = newest[1] and newest[1][1] or 'none'
  if last == head .. '-1' then return nil end
  if head == '-1' and last == 'none' and redis.call('EXISTS', revs) == 0 then return nil end
  return 'the last revision of the stream is ' .. last .. ', not the head ' .. head
end

local pads, at = math.floor((#KEYS - 2) / 3), 8
local known, channels = {}, {}
for i = 1, pads do
  channels[i] = ARGV[at]
  local revs, meta, fences = KEYS[3 * i], KEYS[3 * i + 1], KEYS[3 * i + 2]
  local _, _, fields = counted(at + 4, 1)
  local _, _, orders = counted(fields, 2)
  -- Answers alone touch nothing of the pad, so they can be given whatever has become of it.
  if ARGV[at + 1] ~= '' or ARGV[at + 4] ~= '0' or ARGV[fields] ~= '0' or ARGV[orders] ~= '0' then
    local found, why, fault = look('HMGET', meta, 'head', 'chain', 'reigns')
    if fault then return fault end
    if why then return {'damaged', tostring(i), why} end
    -- The chain is compared, too: after a fail-over or a deletion, another history may have the
    -- same length.
    local head = found[1] or '-1'
    if ARGV[at + 1] ~= '' and (head ~= ARGV[at + 1] or (found[2] or '') ~= ARGV[at + 2]) then
      return {'head', tostring(i), head}
    end
    known[i] = {head, found[3] or ''}
    if is_past(reign, known[i][2]) then return {'reign', this_reign(state, known[i][2])} end
    if ARGV[at + 4] ~= '0' then
      why, fault = out_of_step(revs, head)
      if fault then return fault end
      if why then return {'damaged', tostring(i), why} end
    end
    if ARGV[orders] ~= '0' then
      _, why, fault = look('HLEN', fences)
      if fault then return fault end
      if why then return {'damaged', tostring(i), why} end
    end
  end
  _, _, at = counted(orders, 2)
end

-- Makes `id` the last ID of a stream whose later entries have been deleted. Newer servers do not let
-- the last ID go below that of a deleted entry. There, the stream is written anew, which takes a
-- while, and happens only if somebody has tampered with a pad's keys.
local function set_back(stream, id)
  local done = redis.pcall('XSETID', stream, id)
  if type(done) ~= 'table' or not done.err then return end
  local copy = stream .. ':copy'
  redis.call('DEL', copy)
  local last
  for _, entry in ipairs(redis.call('XRANGE', stream, '-', '+')) do
    last = redis.call('XADD', copy, entry[1], unpack(entry[2]))
  end
  if last ~= id then
    redis.call('XADD', copy, id, 'r', '')
    redis.call('XDEL', copy, id)
  end
  redis.call('RENAME', copy, stream)
end

local appended = {}

-- Removes what has been appended, so that nothing has been written.
local function take_back()
  -- The newest goes first, so that the stream's last ID can be set to what it was before.
  for k = #appended, 1, -1 do
    local stream, number = appended[k][1], appended[k][2]
    redis.call('XDEL', stream, string.format('%d-1', number))
    if number == 0 then
      redis.call('DEL', stream)
    else
      set_back(stream, string.format('%d-1', number - 1))
    end
  end
end

-- This is the second lock: if a head is wrong in spite of the checks, the stream itself refuses the
-- ID (I1).
at = 8
for i = 1, pads do
  local first, last, after = counted(at + 4, 1)
  for j = first, last do
    local rev = tonumber(known[i][1]) + 1 + j - first
    local added = redis.pcall('XADD', KEYS[3 * i], string.format('%d-1', rev), 'r', ARGV[j])
    if type(added) == 'table' and added.err then
      take_back()
      if string.find(added.err, 'ID specified', 1, true) then
        return {'damaged', tostring(i), 'the stream has been ahead of the head ' .. known[i][1]}
      end
      return added
    end
    appended[#appended + 1] = {KEYS[3 * i], rev}
  end
  local _, _, orders = counted(after, 2)
  _, _, at = counted(orders, 2)
end

local now = redis.call('TIME')
local now_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
local till = string.format('%d', now_ms + tonumber(ARGV[4]))
local tells = ARGV[7] == 'tell'
local news, told = 'told', new_position
if not tells then news, told = 'untold', cmsgpack.pack(channels) end
-- Writing may be forbidden, or only this command. From here on, nothing can fail that has not been
-- done or looked at before.
local moved = redis.pcall('HSET', state, 'position', new_position, news, told, 'until', till)
if type(moved) == 'table' and moved.err then
  take_back()
  return moved
end

at = 8
for i = 1, pads do
  local revs, meta, fences = KEYS[3 * i], KEYS[3 * i + 1], KEYS[3 * i + 2]
  local header = ARGV[at + 3]
  local records = {}
  local first, last, after = counted(at + 4, 1)
  if last >= first then record_reign(meta, reign, known[i][1], known[i][2]) end
  for j = first, last do records[#records + 1] = ARGV[j] end
  first, last, after = counted(after, 2)
  if last > first then redis.call('HSET', meta, unpack(ARGV, first, last)) end
  first, last, at = counted(after, 2)
  for j = first, last, 2 do
    if ARGV[j + 1] == '' then
      redis.call('HDEL', fences, ARGV[j])
    else
      redis.call('HSET', fences, ARGV[j], ARGV[j + 1])
    end
  end
  if tells then redis.call('SPUBLISH', channels[i], 'R' .. header .. table.concat(records)) end
end

-- pcall: if the key is of a wrong type, these pads stay, but nobody has to wait because of that.
for i = at, #ARGV do redis.pcall('ZADD', KEYS[#KEYS], now_ms, ARGV[i]) end
-- They are removed by the hundred, since the number of arguments of a call from Lua is limited.
for i = 1, #aside, 100 do
  redis.call('XDEL', inbox, unpack(aside, i, math.min(i + 99, #aside)))
end
-- Every entry up to the position is settled; '~' lets Redis drop whole nodes only.
-- pcall: an inbox of a wrong type contains nothing that anybody could settle.
if ARGV[6] == 'trim' then redis.pcall('XTRIM', inbox, 'MINID', '~', new_position) end
return {'ok'}
