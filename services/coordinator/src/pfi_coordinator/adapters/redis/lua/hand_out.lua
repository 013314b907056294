-- Puts tasks of one scope into their clients' inboxes, each at most once, and notes the run as its clients' latest.
-- KEYS: rows, run, changes, then for each task: inbox, runs of the client
-- ARGV: run id, number of runs kept, then for each task: client, task id, message, encoding of the upload, device class
local fresh = 0
for index = 4, #KEYS, 2 do
  local at = 3 + 5 * (index - 4) / 2
  local client, task, message = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  if redis.call('HSETNX', KEYS[1], client .. ':state', 'assigned') == 1 then
    redis.call('HSET', KEYS[1], client .. ':task', task, client .. ':upload_encoding', ARGV[at + 3],
      client .. ':device_class', ARGV[at + 4])
    redis.call('HSET', KEYS[index], task, message)
    redis.call('LREM', KEYS[index + 1], 0, ARGV[1])
    redis.call('LPUSH', KEYS[index + 1], ARGV[1])
    redis.call('LTRIM', KEYS[index + 1], 0, ARGV[2] - 1)
    fresh = fresh + 1
  end
end
if fresh > 0 then
  redis.call('HINCRBY', KEYS[2], 'changes', 1)
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', 4096, '*', 'run', ARGV[1])
end
return fresh
