-- Removes the move of a pad that has arrived where it was going, if the move is still the same.
--
-- KEYS  1 moving      ARGV  1 pad  2 move
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
