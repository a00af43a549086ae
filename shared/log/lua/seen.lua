-- Put behind reign.lua, before the scripts that need it.
--
-- Which history of a pad an author was on last, kept in two generations: what is noted goes into
-- the younger, and when that is full, it takes the place of the elder, which is dropped. So a pad
-- remembers at least the last `SEEN_KEPT` authors who came, at most twice as many, and however many
-- come there is a bound to what it keeps (some 2 MB). Whose record is gone reloads when he comes
-- back after a broken connection: that is safe, and costs him his page's state.
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

