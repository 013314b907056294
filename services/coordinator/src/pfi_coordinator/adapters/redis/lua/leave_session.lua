-- Forgets sessions, each unless a newer one has replaced it.
-- KEYS: sessions    ARGV: for each: client, session
for index = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[index]) == ARGV[index + 1] then
    redis.call('HDEL', KEYS[1], ARGV[index])
  end
end
return 1
