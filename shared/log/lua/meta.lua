-- Reads what is known of a pad, under which reign, and whether all of it may be shown already.
--
-- The reign goes on the pad's record: clients will be told that they are under it, and must be
-- recognised under the next one, even if nobody has written or joined under this one.
--
-- KEYS  1 state  2 meta      ARGV  fields of the meta hash
-- Replies {reign, inbox position settled, position told of, fields…}.
local state = redis.call('HMGET', KEYS[1], 'position', 'told')
local position = state[1] or '0-0'
local fields = redis.call('HMGET', KEYS[2], unpack(ARGV))
local pad = redis.call('HMGET', KEYS[2], 'head', 'reigns')
local reign = this_reign(KEYS[1], pad[2] or '')
if pad[1] then record_reign(KEYS[2], reign, pad[1], pad[2] or '') end
return {reign, position, state[2] or position, unpack(fields)}
