-- Takes the lease when it is free, or held by an earlier process of the same replica.
-- KEYS: leader    ARGV: replica, holder, lifetime (milliseconds)
local held = redis.call('GET', KEYS[1])
local prefix = ARGV[1] .. '|'
if held and string.sub(held, 1, #prefix) ~= prefix then
  return 0
end
redis.call('SET', KEYS[1], prefix .. ARGV[2], 'PX', ARGV[3])
return 1
