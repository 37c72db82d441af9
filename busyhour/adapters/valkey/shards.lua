
-- The map of the virtual shards of calls: which actor hosts each, and which are closed because they are bound for another.
-- A shard moves in one step, taken by whoever hosts it, and nobody may claim the journal of one that is another's.
--
-- `shards` is a hash: shard -> actor, `version`, which counts the changes, `front`, the actor that answers callers, and
-- `front_from_us`, since when; `bound` is a hash: shard -> actor that is to have it.

local function changed(shards_key)
    redis.call('HINCRBY', shards_key, 'version', 1)
end

-- KEYS shards; ARGV actor of each shard, from 0 on. Sets the map where there is none. Gives its version.
local function shards_begin(keys, args)
    if redis.call('EXISTS', keys[1]) == 0 then
        for shard, actor in ipairs(args) do
            redis.call('HSET', keys[1], shard - 1, actor)
        end
        redis.call('HSET', keys[1], 'version', 1, 'front', args[1], 'front_from_us', 0)
    end
    return tonumber(redis.call('HGET', keys[1], 'version'))
end

-- KEYS epoch of the shard's journal, shards; ARGV actor, shard. `journal_claim`, for whoever the map gives the shard to.
local function shards_claim(keys, args)
    local owner = redis.call('HGET', keys[2], args[2])
    if owner ~= args[1] then
        return refusal('FENCED', 'the map gives shard ' .. args[2] .. ' to ' .. (owner or 'nobody'))
    end
    return redis.call('INCR', keys[1])
end

-- KEYS shards, bound; ARGV actor that has them, actor that is to have them, shards. Closes those that it has and that are
-- open, but never the last open one of all. Gives how many.
local function shards_bind(keys, args)
    local open = VIRTUAL_SHARDS - redis.call('HLEN', keys[2])
    local closed = 0
    for i = 3, #args do
        if open > 1 and redis.call('HGET', keys[1], args[i]) == args[1]
            and redis.call('HSETNX', keys[2], args[i], args[2]) == 1 then
            open, closed = open - 1, closed + 1
        end
    end
    if closed > 0 then
        changed(keys[1])
    end
    return closed
end

-- KEYS shards, bound, then the epoch of each shard's journal; ARGV actor that has them, then of each the shard and the epoch
-- in which it writes. Gives those that are bound for others to them, open. Gives how many.
local function shards_hand_over(keys, args)
    local moved = 0
    for i = 3, #keys do
        local shard, epoch = args[2 * i - 4], args[2 * i - 3]
        local to = redis.call('HGET', keys[2], shard)
        if to and redis.call('HGET', keys[1], shard) == args[1] and not fenced(keys[i], epoch) then
            redis.call('HSET', keys[1], shard, to)
            redis.call('HDEL', keys[2], shard)
            moved = moved + 1
        end
    end
    if moved > 0 then
        changed(keys[1])
    end
    return moved
end

-- KEYS shards, clock; ARGV actor, us. It answers callers from so long after now on, by the clock.
local function shards_front(keys, args)
    local now = clock_now(keys[2], 0)
    if not now then
        return unconfigured('no clock was started')
    end
    redis.call('HSET', keys[1], 'front', args[1], 'front_from_us', whole(now + args[2]))
    changed(keys[1])
    return redis.status_reply('OK')
end

redis.register_function('busyhour_shards_begin', shards_begin)
redis.register_function('busyhour_shards_claim', shards_claim)
redis.register_function('busyhour_shards_bind', shards_bind)
redis.register_function('busyhour_shards_hand_over', shards_hand_over)
redis.register_function('busyhour_shards_front', shards_front)
