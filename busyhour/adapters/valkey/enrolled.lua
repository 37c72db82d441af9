
-- Who is enrolled in a campaign: a hash of contacts to their numbers in it, the contacts by number, and a line for each
-- priority, in which they are dialled.

-- KEYS numbers, contacts, priorities, then a line for each priority that is named; ARGV for each contact its id, its
-- priority and the number of its line. Gives how many are new.
local function enrol(keys, args)
    local enrolled = 0
    for i = 1, #args, 3 do
        if redis.call('HEXISTS', keys[1], args[i]) == 0 then
            local number = redis.call('RPUSH', keys[2], args[i]) - 1
            redis.call('HSET', keys[1], args[i], number)
            redis.call('ZADD', keys[3], args[i + 1], args[i + 1])
            redis.call('RPUSH', keys[3 + tonumber(args[i + 2])], number)
            enrolled = enrolled + 1
        end
    end
    return enrolled
end

redis.register_function('busyhour_enrol', enrol)
