-- Notes that somebody is about to bring a pad back from the cold store, where it is frozen. As long
-- as this note exists, nobody can have written on the pad since.
--
-- KEYS  1 state  2 meta  3 moving  4 witnesses
-- ARGV  1 reign  2 pad  3 move that was seen  4 move  5 key among the witnesses  6 witness that was seen
-- Replies 'ok', or what is no longer as it was seen: 'reign', 'here', 'moved'.
if this_reign(KEYS[1]) ~= ARGV[1] then return 'reign' end
if redis.call('HGET', KEYS[2], 'head') then return 'here' end
if (redis.call('HGET', KEYS[3], ARGV[2]) or '') ~= ARGV[3] then return 'moved' end
-- Or it has been here meanwhile, and left again.
if witness_of(KEYS[1], KEYS[4], ARGV[5]) ~= ARGV[6] then return 'moved' end
redis.call('HSET', KEYS[3], ARGV[2], ARGV[4])
return 'ok'
