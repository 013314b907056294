-- Replaces the record of a session, unless a newer session has.
-- KEYS: sessions    ARGV: client, record before, record after
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
