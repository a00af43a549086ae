-- Puts an author who comes from elsewhere permanently on record, unless the author is known here.
--
-- KEYS  1 author
-- ARGV  names and values of the author's fields, in turn
-- Replies {1} if the author was put on record, or {0, what is noted of their visit} if they were
-- known. The note is '' if there is none, or if the key holds something other than an author.
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], unpack(ARGV))
  return {1}
end
local note = redis.pcall('HGET', KEYS[1], 'visitor')
if type(note) == 'table' and note.err then
  if string.find(note.err, 'WRONGTYPE', 1, true) then
    return {0, ''}
  end
  return note
end
return {0, note or ''}
