-- This is put before the scripts that need it.
--
-- A stamp names what a pad is at this moment, as far as a cold store has it: if the stamp is
-- different, something has changed. What a writer keeps for itself (snapshots, packed revisions)
-- does not change the stamp, and the number of sessions is compared separately, since it changes
-- with everyone who comes.
local NOT_STAMPED = {sessions = true, idle = true, snap = true, first = true, cold = true}

local function said_last(chat)
  local said = redis.call('XREVRANGE', chat, '+', '-', 'COUNT', 1)
  return said[1] and said[1][1] or ''
end

local function saved_last(saved)
  return redis.call('LRANGE', saved, -1, -1)[1] or ''
end

local function stamp_of(meta, chat, saved, fences)
  local fields = redis.call('HGETALL', meta)
  local named = {}
  for i = 1, #fields, 2 do
    if not NOT_STAMPED[fields[i]] then named[#named + 1] = fields[i] .. '\0' .. fields[i + 1] end
  end
  table.sort(named)
  named[#named + 1] = said_last(chat)
  named[#named + 1] = saved_last(saved)
  named[#named + 1] = tostring(redis.call('HLEN', fences))
  return redis.sha1hex(table.concat(named, '\0'))
end

