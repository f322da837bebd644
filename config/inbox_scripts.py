"""The law of the inboxes, in the language in which Redis does each of its steps at once. See config.inbox."""

# KEYS stream wake ...; ARGV head body ... -> per envelope: 1 when its inbox slept
APPEND = """
local slept = {}
for i = 1, #KEYS, 2 do
  redis.call('XADD', KEYS[i], '*', 'h', ARGV[i], 'b', ARGV[i + 1])
  slept[#slept + 1] = redis.call('SET', KEYS[i + 1], '1', 'NX') and 1 or 0
end
return slept
"""

# KEYS lease; ARGV token lease_ms. A full Redis refuses a script whose first write needs memory, and a drain is what
# makes room: so the first write needs none.
TAKE = """
redis.call('PEXPIRE', KEYS[1] .. ':none', 1)
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return 0
"""

# KEYS stream lease care; ARGV token lease_ms max_entries max_bytes. -> {-1} not ours | {0} empty | {1, tries, entries}
# `care` remembers what is being tried, written before it is tried, because a killed process raises nothing:
# `head` and `tries` of the first entry, `until` the last entry of a batch that did not end well. Up to there, entries
# are tried one by one, and the batch counts as the first try of each.
BEGIN = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return {-1} end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
local function before(a, b)
  local am, as = string.match(a, '(%d+)-(%d+)')
  local bm, bs = string.match(b, '(%d+)-(%d+)')
  am, as, bm, bs = tonumber(am), tonumber(as), tonumber(bm), tonumber(bs)
  return am < bm or (am == bm and as <= bs)
end
local care = redis.call('HMGET', KEYS[3], 'head', 'tries', 'until')
local limit, budget = tonumber(ARGV[3]), tonumber(ARGV[4])
local entries, bytes, from, careful, tries = {}, 0, '-', false, 1
while #entries < limit and bytes < budget do
  local chunk = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', math.min(16, limit - #entries))
  if #chunk == 0 then break end
  if #entries == 0 and care[3] and before(chunk[1][1], care[3]) then
    careful, limit, tries = true, 1, 2
    if care[1] == chunk[1][1] then tries = tonumber(care[2]) + 1 end
  end
  for _, entry in ipairs(chunk) do
    local size = 0
    for i = 2, #entry[2], 2 do size = size + #entry[2][i] end
    if #entries >= limit or (#entries > 0 and bytes + size > budget) then bytes = budget break end
    entries[#entries + 1] = entry
    bytes = bytes + size
    from = '(' .. entry[1]
  end
end
if #entries == 0 then redis.call('DEL', KEYS[3]) return {0} end
redis.call('HSET', KEYS[3], 'head', entries[1][1], 'tries', tries)
if not careful then redis.call('HSET', KEYS[3], 'until', entries[#entries][1]) end
return {1, tries, careful and 1 or 0, entries}
"""

# KEYS stream care; ARGV careful id...
COMMIT = """
for i = 2, #ARGV do redis.call('XDEL', KEYS[1], ARGV[i]) end
if ARGV[1] == '0' then redis.call('DEL', KEYS[2]) end
return redis.call('XLEN', KEYS[1])
"""

# KEYS stream wake lease; ARGV token. Only an empty inbox goes to sleep.
SLEEP = """
if redis.call('XLEN', KEYS[1]) > 0 then return 0 end
redis.call('DEL', KEYS[2])
if redis.call('GET', KEYS[3]) == ARGV[1] then redis.call('DEL', KEYS[3]) end
return 1
"""

# KEYS lease care; ARGV token forgive
LEAVE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
if ARGV[2] == '1' then redis.call('DEL', KEYS[2]) end
return 1
"""

# KEYS stream lease ... -> length, milliseconds since the oldest entry arrived (-1 when empty), leased
STATES = """
local now = redis.call('TIME')
local at = now[1] * 1000 + math.floor(now[2] / 1000)
local out = {}
for i = 1, #KEYS, 2 do
  local first = redis.call('XRANGE', KEYS[i], '-', '+', 'COUNT', 1)
  local age = -1
  if #first > 0 then age = math.max(0, at - tonumber(string.match(first[1][1], '(%d+)-'))) end
  out[#out + 1] = {redis.call('XLEN', KEYS[i]), age, redis.call('EXISTS', KEYS[i + 1])}
end
return out
"""
