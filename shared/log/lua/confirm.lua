-- Writes something after a commit, so that WAIT on this connection waits for the commit as well.
--
-- KEYS  1 state      ARGV  1 term  2 position of the commit  3 reign
-- Replies {'ok'}, or what commit.lua replies if the commit is not, or no longer, there.
local held = redis.call('HMGET', KEYS[1], 'term', 'position')
local reign = this_reign(KEYS[1])
if reign ~= ARGV[3] then return {'reign', reign} end
if held[1] ~= ARGV[1] then return {'term', held[1] or ''} end
if held[2] ~= ARGV[2] then return {'position', held[2] or '0-0'} end
redis.call('HSET', KEYS[1], 'confirming', ARGV[2])
return {'ok'}
