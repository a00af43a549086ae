-- Takes the trace of a pad away that has come where it was going, if it still is the same.
--
-- KEYS  1 moving      ARGV  1 pad  2 trace
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
