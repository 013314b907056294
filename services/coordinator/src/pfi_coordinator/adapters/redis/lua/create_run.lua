-- Stores a new run unless another one has its name.
-- KEYS: run, names, runs, active runs
-- ARGV: run id, name, creation (seconds), state, document
local taken = redis.call('HGET', KEYS[2], ARGV[2])
if taken and taken ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[1])
redis.call('HSET', KEYS[1], 'state', ARGV[4], 'document', ARGV[5], 'revision', 0, 'changes', 0)
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1])
redis.call('SADD', KEYS[4], ARGV[1])
return 1
