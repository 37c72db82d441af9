
-- What the HTTP API keeps: documents, limits of requests, and webhooks to be delivered. None of it looks into a document.

-- Operations of a commit are four arguments each: verb, number of its key, and two of its own.
local CHECKS = {
    absent = function(key, field)
        return redis.call('HEXISTS', key, field) == 0
    end,
    same = function(key, field, value)
        return redis.call('HGET', key, field) == value
    end,
    fewer = function(key, _, count)
        return redis.call('HLEN', key) < tonumber(count)
    end,
    holds = function(key, _, value)
        return redis.call('GET', key) == value
    end,
}
local WRITES = {
    put = function(key, field, value)
        redis.call('HSET', key, field, value)
    end,
    drop = function(key, field)
        redis.call('HDEL', key, field)
    end,
    rank = function(key, score, member)
        redis.call('ZADD', key, score, member)
    end,
    rank_no_later = function(key, score, member)
        redis.call('ZADD', key, 'LT', score, member)
    end,
    unrank = function(key, member)
        redis.call('ZREM', key, member)
    end,
    append = function(key, entry)
        redis.call('RPUSH', key, entry)
    end,
    log = function(key, kind, body)
        local most, type = string.match(kind, '^(%d+) (.*)$')
        redis.call('XADD', key, 'MAXLEN', '~', most, '*', 'type', type, 'body', body)
    end,
    remove = function(key, entry)
        redis.call('LREM', key, 1, entry)
    end,
    keep = function(key, milliseconds, value)
        redis.call('SET', key, value, 'PX', milliseconds)
    end,
    forget = function(key)
        redis.call('DEL', key)
    end,
}

-- KEYS any; ARGV operations. All writes where every check holds, else none. Gives 0, or which operation's check did not
-- hold, from 1.
local function commit(keys, args)
    for i = 1, #args, 4 do
        local check = CHECKS[args[i]]
        if check and not check(keys[tonumber(args[i + 1])], args[i + 2], args[i + 3]) then
            return (i + 3) / 4
        end
    end
    for i = 1, #args, 4 do
        local write = WRITES[args[i]]
        if write then
            write(keys[tonumber(args[i + 1])], args[i + 2], args[i + 3])
        end
    end
    return 0
end

-- KEYS log; ARGV limit, window in us. A request now, if in the window that ends now there were fewer than the limit. The
-- log is a list of instants, oldest first; time never goes back in it. Gives whether it is one, how many more there may
-- be now, and the us until the oldest leaves the window.
local function requests_take(keys, args)
    local limit, window_us = tonumber(args[1]), tonumber(args[2])
    local time = redis.call('TIME')
    local now = time[1] * 1000000 + time[2]
    now = math.max(now, tonumber(redis.call('LINDEX', keys[1], -1) or 0))
    local oldest = redis.call('LINDEX', keys[1], 0)
    while oldest and tonumber(oldest) < now - window_us do
        redis.call('LPOP', keys[1])
        oldest = redis.call('LINDEX', keys[1], 0)
    end
    local count = redis.call('LLEN', keys[1])
    local taken = 0
    if count < limit then
        redis.call('RPUSH', keys[1], whole(now))
        redis.call('PEXPIRE', keys[1], math.ceil(window_us / 1000) + 1000)
        taken, count = 1, count + 1
    end
    local leaves_in_us = (tonumber(oldest or now)) + window_us + 1 - now
    return { taken, math.max(0, limit - count), leaves_in_us }
end

-- KEYS due, ranks; ARGV now, leased until, count, member. What is due, each leased: it comes back then unless it was taken
-- off. `ranks`, where it is given, ranks `member` by when the next is due.
local function due_lease(keys, args)
    local due = redis.call('ZRANGE', keys[1], '-inf', args[1], 'BYSCORE', 'LIMIT', 0, args[3])
    for _, entry in ipairs(due) do
        redis.call('ZADD', keys[1], args[2], entry)
    end
    if keys[2] then
        local first = redis.call('ZRANGE', keys[1], 0, 0, 'WITHSCORES')
        if first[2] then
            redis.call('ZADD', keys[2], first[2], args[4])
        else
            redis.call('ZREM', keys[2], args[4])
        end
    end
    return due
end

redis.register_function('busyhour_commit', commit)
redis.register_function('busyhour_requests_take', requests_take)
redis.register_function('busyhour_due_lease', due_lease)
