-- Puts an author on record for good who comes from elsewhere, unless he is known here.
--
-- KEYS  1 author
-- ARGV  names and values of what is to be on record of him, in turn
-- Replies {1} if he was put on record; {0, what is noted of his visit} if he was known: '' where
-- nothing is, and where the key holds something that is no author.
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
