-- Raises the last counted round of clients of a line to a number.
-- KEYS: counted rounds of the line
-- ARGV: number, then clients
local number = tonumber(ARGV[1])
for index = 2, #ARGV do
  if tonumber(redis.call('HGET', KEYS[1], ARGV[index]) or '0') < number then
    redis.call('HSET', KEYS[1], ARGV[index], number)
  end
end
return 1
