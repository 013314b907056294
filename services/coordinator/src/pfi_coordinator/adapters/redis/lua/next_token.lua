-- Gives a fencing token above the floor and above every one given before.
-- KEYS: token    ARGV: floor
local last = tonumber(redis.call('GET', KEYS[1]) or 0)
local token = math.max(last, tonumber(ARGV[1])) + 1
redis.call('SET', KEYS[1], string.format('%d', token))
return token
