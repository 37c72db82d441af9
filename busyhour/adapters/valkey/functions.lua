#!lua name=busyhour

-- What must happen at once or not at all. Every key of a call to one of these carries the same {tag}, so that they also
-- work on a cluster. Refusals are error replies whose first word says which: FENCED, SEQUENCE.

-- A journal is three keys: its epoch (who may write), its head (how many entries were ever appended) and a list of those
-- since the last snapshot, which is a hash of its own: {at, data}.

local function refusal(word, text)
    return redis.error_reply(word .. ' ' .. text)
end

local function fenced(epoch_key, epoch)
    local current = redis.call('GET', epoch_key) or '0'
    if current ~= epoch then
        return refusal('FENCED', 'epoch ' .. epoch .. ' is over, ' .. current .. ' writes now')
    end
end

-- KEYS epoch. From now on whoever claimed before writes nothing. Gives the new epoch.
local function journal_claim(keys, args)
    return redis.call('INCR', keys[1])
end

-- KEYS epoch, head, entries; ARGV epoch, expected head, entry… Gives the new head. Asked again, because the answer was
-- lost, it does nothing again: only the epoch's one owner can have moved the head.
local function journal_append(keys, args)
    local refused = fenced(keys[1], args[1])
    if refused then
        return refused
    end
    local expected, count = tonumber(args[2]), #args - 2
    local head = tonumber(redis.call('GET', keys[2]) or '0')
    if head == expected + count and count > 0 then
        return head
    end
    if head ~= expected then
        return refusal('SEQUENCE', 'the journal holds ' .. head .. ' entries, not ' .. expected)
    end
    for first = 3, #args, 1000 do
        redis.call('RPUSH', keys[3], unpack(args, first, math.min(first + 999, #args)))
    end
    return redis.call('INCRBY', keys[2], count)
end

-- KEYS epoch, head, entries, snapshot; ARGV epoch, head that the snapshot stands for, data. Entries it covers are dropped.
local function journal_snapshot(keys, args)
    local refused = fenced(keys[1], args[1])
    if refused then
        return refused
    end
    local at = tonumber(args[2])
    local head = tonumber(redis.call('GET', keys[2]) or '0')
    if at > head then
        return refusal('SEQUENCE', 'the journal holds ' .. head .. ' entries, not ' .. at)
    end
    redis.call('HSET', keys[4], 'at', args[2], 'data', args[3])
    redis.call('LTRIM', keys[3], -(head - at), -1)
    if head == at then
        redis.call('DEL', keys[3])
    end
    return redis.status_reply('OK')
end

redis.register_function('busyhour_journal_claim', journal_claim)
redis.register_function('busyhour_journal_append', journal_append)
redis.register_function('busyhour_journal_snapshot', journal_snapshot)
