-- Records a session and gives the one that it replaces.
-- KEYS: sessions    ARGV: client, session
local old = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return old
