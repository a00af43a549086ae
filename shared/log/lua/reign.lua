-- This is put before the scripts that need it.
--
-- A reign is one stay of a partition on one server as primary. The server's process id and its
-- replication id together change at every restart, promotion and return of the server. But a slot
-- of a cluster that goes to another node and comes back finds the same server. So the partition's
-- state, which travels with the slot, says which reign it is, and a server that gets the partition
-- again begins a new reign. Replication is asynchronous, so a new reign may begin with less than
-- the old one had shown.
--
-- A server's first reign has the server's name, and a later one the name with a number after a full
-- stop: "9f…" and "9f….3". (Processes of releases that know only the former remain compatible.) If
-- a server was emptied, the number continues from the time: see `begin_anew`.
local PLAIN_REIGNS = 16

local NAME = 12  -- how many characters of an id are part of a server's name

-- What follows a field's name in the answer to INFO, as long as a name of a server needs. Not by a
-- pattern, which Lua tries at each of the answer's thousand characters.
local function of_info(info, field)
  local _, before = string.find(info, field, 1, true)
  return string.sub(info, before + 1, before + NAME)
end

-- Returns the replication id, which is the second half of the server's name.
local function this_replication()
  local info = redis.call('INFO', 'replication')
  -- A replica has its primary's replication id, and only knows what it was last told.
  if not string.find(info, 'role:master', 1, true) then
    error({err = 'READONLY this server is a replica: its answer may be out of date'})
  end
  return of_info(info, '\nmaster_replid:')
end

-- Returns whether this server gave the reign its name. It takes a new replication id whenever it
-- starts or is promoted, so this half of the name is enough, and INFO costs half as much without the
-- other one.
local function is_of(reign, replication)
  return string.sub(reign, NAME + 1, 2 * NAME) == replication
end

local function this_server()
  return of_info(redis.call('INFO', 'server'), '\nrun_id:') .. this_replication()
end

-- Returns whether the record has a reign of this name, and another after it.
local function is_past(reign, record)
  local at = string.find(record, reign .. ':', 1, true)
  return at ~= nil and string.find(record, ' ', at, true) ~= nil
end

-- Returns the reign of the partition whose state this is; `record` is that of the pad in question,
-- if there is one. A name that the pad's record gives to an earlier reign is not given to another:
-- it may be in records of earlier releases, which distinguished servers but not stays. `held` is
-- what the state has in `REIGN_FIELDS`, if the caller has read that already.
local REIGN_FIELDS = {'reign', 'reigns', 'servers'}
local function this_reign(state, record, held)
  held = held or redis.call('HMGET', state, unpack(REIGN_FIELDS))
  local reign, count, servers = held[1] or '', tonumber(held[2] or '0'), held[3] or ''
  record = record or ''
  if is_of(reign, this_replication()) and not is_past(reign, record) then return reign end
  local server = this_server()
  count = count + 1
  local been = string.find(' ' .. servers .. ' ', ' ' .. server .. ' ', 1, true)
  reign = server
  -- The list of servers is limited; after that many, any server may have been there before.
  if been or count > PLAIN_REIGNS then reign = server .. '.' .. string.format('%d', count) end
  while is_past(reign, record) do
    count = count + 1
    reign = server .. '.' .. string.format('%d', count)
  end
  if not been and count <= PLAIN_REIGNS then
    servers = servers == '' and server or servers .. ' ' .. server
  end
  redis.call('HSET', state, 'reign', reign, 'reigns', string.format('%d', count), 'servers', servers)
  return reign
end

-- Begins another reign of the partition on the same server. Whoever was there under the present one
-- has seen what no pad need have any more that comes back from now on.
local function next_reign(state)
  return this_reign(state, this_reign(state) .. ':0 next:0')
end

-- Returns a term of the partition's lease that nobody has had. The first term is taken from the time
-- rather than counted from 0: after a server was emptied, a writer that had the lease in its first
-- term must not find that it still has it (I2).
local function next_term(state)
  local terms = redis.call('HMGET', state, 'term', 'witnessed')
  if not terms[1] then
    local now = redis.call('TIME')
    local now_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
    redis.call('HSET', state, 'term', string.format('%d', now_ms))
  end
  local term = redis.call('HINCRBY', state, 'term', 1)
  -- See `witness.lua`.
  if terms[1] and terms[1] == terms[2] then
    redis.call('HSET', state, 'witnessed', string.format('%d', term))
  end
  return term
end

-- Must be called if everything that was known of the partition is gone, and somebody remembers one
-- of its reigns, or knows that there must have been some: names that have been used must not be used again, however often this happens.
-- Processes would take every answer under such a name for out of date, for `OUTLIVES_S` of
-- `succession.py`. (That nothing is stored is not enough of a sign: a new fleet has to begin with
-- the name that earlier releases give as well.)
local function begin_anew(state)
  local now = redis.call('TIME')
  local count = string.format('%d', tonumber(now[1]) * 1000000 + tonumber(now[2]))
  redis.call('HDEL', state, 'reign')
  redis.call('HSET', state, 'reigns', count, 'servers', this_server())
end

-- Puts this reign on a pad's record, with the head that the pad had when the reign began: what came
-- before is common to both reigns. The oldest reigns are dropped; people who last saw the pad under
-- one of them have to reload.
local function record_reign(meta, reign, head, record)
  local at = string.find(record, reign .. ':', 1, true)
  if at and not string.find(record, ' ', at, true) then return record end
  local known = {}
  for entry in string.gmatch(record, '%S+') do known[#known + 1] = entry end
  known[#known + 1] = reign .. ':' .. head
  local first = math.max(1, #known - 15)
  record = table.concat(known, ' ', first)
  redis.call('HSET', meta, 'reigns', record)
  return record
end

