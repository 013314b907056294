-- Ends tasks of one scope that are not finished, and notes it for their clients.
-- A committed update counts, whatever becomes of its client: its row is not abandoned any more.
-- A task that was never handed out is ended as well: a leader that was superseded may still want to. Without the name of
-- its task nobody sees such a row.
-- KEYS: rows, run, changes, then for each task: inbox, notices
-- ARGV: run id, state, number of notices kept, then for each task: client, task id, notice
local final = {completed = true, abandoned = true, cancelled = true}
for index = 4, #KEYS, 2 do
  local at = 4 + 3 * (index - 4) / 2
  local client, task, notice = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local old = redis.call('HGET', KEYS[1], client .. ':state')
  if not old or (not final[old] and not (old == 'committed' and ARGV[2] == 'abandoned')) then
    redis.call('HSET', KEYS[1], client .. ':state', ARGV[2])
  end
  if redis.call('HDEL', KEYS[index], task) == 1 then
    redis.call('LPUSH', KEYS[index + 1], notice)
    redis.call('LTRIM', KEYS[index + 1], 0, ARGV[3] - 1)
  end
end
redis.call('HINCRBY', KEYS[2], 'changes', 1)
redis.call('XADD', KEYS[3], 'MAXLEN', '~', 4096, '*', 'run', ARGV[1])
return 1
