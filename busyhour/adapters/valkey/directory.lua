
-- What a platform consists of: a list of records that only grows, the numbers its entries were given by kind and key, and
-- how many there are of each kind.

-- KEYS records, numbers, counts; ARGV kind, key, the record without its number. Gives the number, and whether it is new.
local function directory_add(keys, args)
    local name = args[1] .. ':' .. args[2]
    local number = redis.call('HGET', keys[2], name)
    if number then
        return { tonumber(number), 0 }
    end
    number = redis.call('HINCRBY', keys[3], args[1], 1) - 1
    redis.call('HSET', keys[2], name, number)
    redis.call('RPUSH', keys[1], '{"number":' .. number .. ',' .. args[3]:sub(2))
    return { number, 1 }
end

redis.register_function('busyhour_directory_add', directory_add)
