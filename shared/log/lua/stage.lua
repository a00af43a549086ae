-- Appends entries to a stream that is staged under a temporary key.
--
-- KEYS  1 stream
-- ARGV  1 seconds for which it is kept  then for each entry: its ID, how many fields and values it
--       has, and these in turn
-- Replies the length of the stream.
local at = 2
while at <= #ARGV do
  local last = at + 1 + tonumber(ARGV[at + 1])
  redis.call('XADD', KEYS[1], ARGV[at], unpack(ARGV, at + 2, last))
  at = last + 1
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return redis.call('XLEN', KEYS[1])
