-- Gives hashes, each as the JSON of a list of its fields and values in turn: one reply is read much faster than many.
-- KEYS: the hashes
local found = {}
for index, key in ipairs(KEYS) do
  found[index] = cjson.encode(redis.call('HGETALL', key))
end
return found
