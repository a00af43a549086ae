-- Reads what is known of a pad, under which reign, and whether all of it may be shown already.
--
-- KEYS  1 state  2 meta      ARGV  fields of the meta hash
-- Replies {reign, inbox position settled, position told of, fields…}.
local state = redis.call('HMGET', KEYS[1], 'position', 'told')
local position = state[1] or '0-0'
local fields = redis.call('HMGET', KEYS[2], unpack(ARGV))
local reign = this_reign(KEYS[1], redis.call('HGET', KEYS[2], 'reigns') or '')
return {reign, position, state[2] or position, unpack(fields)}
