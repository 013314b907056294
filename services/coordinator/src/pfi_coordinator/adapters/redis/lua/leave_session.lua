-- Forgets a session unless a newer one has replaced it.
-- KEYS: sessions    ARGV: client, session
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then
  return redis.call('HDEL', KEYS[1], ARGV[1])
end
return 0
