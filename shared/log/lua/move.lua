-- This is put before the scripts that need it.
--
-- The move of a pad on its way between Redis and the cold store is "<way> <epoch> <edition>
-- <reign> <ms>". Without the time, it identifies the move; the time is for whoever clears away old
-- moves.
local function way_of(move)
  return string.match(move, '^(.*) %d+$') or move
end

