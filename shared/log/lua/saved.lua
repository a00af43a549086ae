-- Puts a revision among those that a pad keeps by name, and tells every worker with a socket on the
-- pad.
--
-- KEYS  1 saved  2 meta      ARGV  1 channel  2 rev  3 record, whose first part is the rev
--                                  4 how many there may be
-- Replies 'saved'; or why it was not: 'nopad', 'norev', 'full', or the existing record of this rev.
local head = tonumber(redis.call('HGET', KEYS[2], 'head') or '-1')
if head < 0 then return 'nopad' end
if tonumber(ARGV[2]) > head then return 'norev' end
local known = redis.call('LRANGE', KEYS[1], 0, -1)
for _, record in ipairs(known) do
  local read, fields = pcall(cmsgpack.unpack, record)
  if read and type(fields) == 'table' and fields[1] == tonumber(ARGV[2]) then return record end
end
if #known >= tonumber(ARGV[4]) then return 'full' end
redis.call('RPUSH', KEYS[1], ARGV[3])
redis.call('SPUBLISH', ARGV[1], 'V' .. ARGV[3])
return 'saved'
