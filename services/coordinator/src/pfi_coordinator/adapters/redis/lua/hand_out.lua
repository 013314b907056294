-- Puts tasks of one scope into their clients' inboxes, each at most once.
-- KEYS: rows, run, changes, then one inbox for each task
-- ARGV: run id, then for each task: client, task id, message
local fresh = 0
for index = 4, #KEYS do
  local at = 2 + 3 * (index - 4)
  local client, task, message = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  if redis.call('HSETNX', KEYS[1], client .. ':state', 'assigned') == 1 then
    redis.call('HSET', KEYS[1], client .. ':task', task)
    redis.call('HSET', KEYS[index], task, message)
    fresh = fresh + 1
  end
end
if fresh > 0 then
  redis.call('HINCRBY', KEYS[2], 'changes', 1)
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', 4096, '*', 'run', ARGV[1])
end
return fresh
