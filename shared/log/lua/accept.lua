-- Accepts that the cold store may have less of a pad than its witness says, or of all pads of the
-- partition. The witness stays, so that whoever opens the pad is told that something is missing, and
-- another reign begins, so that nobody goes on who has seen more (I5).
--
-- KEYS  1 state  2 witnesses      ARGV  1 key of the pad among them ('' = all)
-- Replies how many there were.
local EPOCH, EDITION = 7, 3

-- The writer of the partition has to hear of the reign: without its term, it takes the lease again
-- within a sixth of its time, and not only when somebody has written.
local function begin_reign(state)
  next_reign(state)
  next_term(state)
end

local function accepted(witness)
  return string.sub(witness, 1, EPOCH) .. string.rep('\0', EDITION)
    .. string.sub(witness, EPOCH + EDITION + 1)
end

if ARGV[1] ~= '' then
  local witness = witness_of(KEYS[1], KEYS[2], ARGV[1])
  if witness == '' then return 0 end
  bear_witness(KEYS[2], ARGV[1], accepted(witness))
  begin_reign(KEYS[1])
  return 1
end
local count = 0
local held = redis.call('HGETALL', KEYS[2])
for i = 1, #held, 2 do
  local records = {}
  for at = 1, #held[i + 1], RECORD do
    local record = string.sub(held[i + 1], at, at + RECORD - 1)
    records[#records + 1] = string.sub(record, 1, NAMED) .. accepted(string.sub(record, NAMED + 1))
  end
  count = count + #records
  redis.call('HSET', KEYS[2], held[i], table.concat(records))
end
if count > 0 then begin_reign(KEYS[1]) end
return count
