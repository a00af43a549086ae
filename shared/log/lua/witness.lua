-- This is put before the scripts that need it.
--
-- A witness says what the cold store had of a pad when the pad left Redis. The witnesses of a
-- partition are one hash with up to 128 fields; each field has the records of many pads one after
-- the other, since a field for each pad would need five times the memory. A record is a pad's name
-- (6 bytes) and its witness (`pad/witness.py`). A key is the field (1 byte) and the name.
--
-- Witnesses count only while all terms of the partition's lease since have belonged to writers that
-- keep them: `witnessed` is then the term (`next_term`). A writer of an earlier build may have
-- deleted a pad, and left its witness behind.
local NAMED, WITNESSED = 6, 17
local RECORD = NAMED + WITNESSED

local function record_at(records, key)
  local name, at = string.sub(key, 2), 1
  repeat
    at = string.find(records, name, at, true)
    if not at or (at - 1) % RECORD == 0 then return at end
    at = at + 1
  until false
end

-- Returns the witness of a pad; '' if there is none.
local function witness_of(state, witnesses, key)
  local terms = redis.call('HMGET', state, 'term', 'witnessed')
  if not terms[1] or terms[1] ~= terms[2] then return '' end
  local records = redis.call('HGET', witnesses, string.sub(key, 1, 1)) or ''
  local at = record_at(records, key)
  return at and string.sub(records, at + NAMED, at + RECORD - 1) or ''
end

-- Puts a witness in the place of the pad's former one; '' removes it.
local function bear_witness(witnesses, key, witness)
  local field = string.sub(key, 1, 1)
  local records = redis.call('HGET', witnesses, field) or ''
  local at = record_at(records, key)
  if not at and witness == '' then return end
  local before, after = records, ''
  if at then before, after = string.sub(records, 1, at - 1), string.sub(records, at + RECORD) end
  if witness ~= '' then witness = string.sub(key, 2) .. witness end
  records = before .. witness .. after
  if records == '' then
    redis.call('HDEL', witnesses, field)
  else
    redis.call('HSET', witnesses, field, records)
  end
end

