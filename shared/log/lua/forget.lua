-- Forgets what the cold store had of a pad, which is about to be deleted there.
--
-- KEYS  1 witnesses      ARGV  1 key of the pad among them
bear_witness(KEYS[1], ARGV[1], '')
return 1
