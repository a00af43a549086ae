-- This is put after reign.lua, before the scripts that need it.
--
-- It keeps which history of a pad an author was last on, in two generations: what is noted goes
-- into the younger one, and when that is full, it takes the place of the older one, which is
-- dropped. So a pad remembers at least the last `SEEN_KEPT` authors who came and at most twice as
-- many, and however many come, what it keeps is limited (to some 2 MB). An author whose record is
-- gone has to reload when coming back after a broken connection: that is safe, and costs the state
-- of the author's page.
local SEEN_KEPT = 10000

local function seen_by(young, old, author)
  return redis.call('HGET', young, author) or redis.call('HGET', old, author) or ''
end

local function note_seen(young, old, author, history)
  if redis.call('HLEN', young) >= SEEN_KEPT and not redis.call('HGET', young, author) then
    redis.call('RENAME', young, old)
  end
  redis.call('HSET', young, author, history)
end

