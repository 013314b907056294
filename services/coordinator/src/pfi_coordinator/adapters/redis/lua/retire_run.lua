-- Takes a run from the active ones, if it is still at the expected revision.
-- KEYS: run, active runs
-- ARGV: run id, revision
if redis.call('HGET', KEYS[1], 'revision') ~= ARGV[2] then
  return 0
end
return redis.call('SREM', KEYS[2], ARGV[1])
