-- Merges news into the rows of one scope; a row never goes back.
-- KEYS: rows, run, changes
-- ARGV: run id, then for each row: client, state, steps done, steps total, payload bytes, metrics
local rank = {assigned = 1, training = 2, committed = 3, completed = 4, abandoned = 4, cancelled = 4}
local news = 0
local function raise(field, value)
  if tonumber(value) > tonumber(redis.call('HGET', KEYS[1], field) or 0) then
    redis.call('HSET', KEYS[1], field, value)
    news = news + 1
  end
end
for at = 2, #ARGV, 6 do
  local client = ARGV[at]
  local old = redis.call('HGET', KEYS[1], client .. ':state')
  if old then
    if rank[ARGV[at + 1]] > rank[old] then
      redis.call('HSET', KEYS[1], client .. ':state', ARGV[at + 1])
      news = news + 1
    end
    raise(client .. ':steps_done', ARGV[at + 2])
    raise(client .. ':steps_total', ARGV[at + 3])
    raise(client .. ':payload_bytes', ARGV[at + 4])
    if ARGV[at + 5] ~= '' and redis.call('HSETNX', KEYS[1], client .. ':metrics', ARGV[at + 5]) == 1 then
      news = news + 1
    end
  end
end
if news > 0 then
  redis.call('HINCRBY', KEYS[2], 'changes', 1)
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', 4096, '*', 'run', ARGV[1])
end
return news
