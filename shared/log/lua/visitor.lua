-- Puts an author who has contributed nothing yet, or has been seen again, on record for a while.
--
-- KEYS  1 author
-- ARGV  1 colour, if there is none yet  2 what to note of the visit: by which token, and when
--       3 seconds for which it is kept from now on
--       4 5 the name and colour that the author has chosen, '' if none
-- Replies {name, colour}. An author who is permanently on record stays so.
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'color', ARGV[1], 'visitor', ARGV[2])
  redis.call('EXPIRE', KEYS[1], ARGV[3])
else
  redis.call('HSETNX', KEYS[1], 'color', ARGV[1])
  if redis.call('EXPIRE', KEYS[1], ARGV[3], 'XX') == 1 then
    redis.call('HSET', KEYS[1], 'visitor', ARGV[2])
  end
end
if (ARGV[4] or '') ~= '' then redis.call('HSET', KEYS[1], 'name', ARGV[4]) end
if (ARGV[5] or '') ~= '' then redis.call('HSET', KEYS[1], 'color', ARGV[5]) end
return redis.call('HMGET', KEYS[1], 'name', 'color')
