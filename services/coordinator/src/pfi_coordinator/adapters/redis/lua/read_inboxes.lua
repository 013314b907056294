-- Gives what lies in inboxes: for each client its tasks, and its notices in one text, a line each.
-- KEYS: for each client: inbox, notices    ARGV: number of notices
local found = {}
for index = 1, #KEYS, 2 do
  found[#found + 1] = redis.call('HGETALL', KEYS[index])
  found[#found + 1] = table.concat(redis.call('LRANGE', KEYS[index + 1], 0, ARGV[1] - 1), '\n')
end
return found
