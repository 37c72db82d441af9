
-- Contacts of an account. Contact `n` is the field n % 512 of one of many hashes, a msgpack array: id, phone, external_id,
-- name, timezone, priority, tags, metadata, created_ms, …, revision. Names of keys follow from a stem, which is KEYS[1] of
-- every Function here: they share its tag.

local RECORDS_A_HASH = 512
local INDEX_HASHES = 4096 -- few enough entries in each that the store packs them tight
local BITS_A_KEY = 32768
local PHONE, EXTERNAL_ID, PRIORITY, TAGS, REVISION = 2, 3, 6, 7, 11 -- places in a record

local function record_place(stem, n)
    return stem .. 'records:' .. math.floor(n / RECORDS_A_HASH), n % RECORDS_A_HASH
end

local function record_of(stem, n)
    local packed = redis.call('HGET', record_place(stem, n))
    return packed and cmsgpack.unpack(packed)
end

local function phone_place(stem, phone)
    return stem .. 'phones:' .. phone % INDEX_HASHES, whole(phone)
end

local function external_id_place(stem, external_id)
    return stem .. 'external-ids:' .. redis.sha1hex(external_id):sub(1, 3), external_id
end

-- A set of numbers as bitmaps of 4 KB at most. Gives what the bit was.
local function put_bit(set, n, bit)
    local key = set .. ':' .. math.floor(n / BITS_A_KEY)
    local was = redis.call('SETBIT', key, n % BITS_A_KEY, bit)
    if bit == 0 and was == 1 and redis.call('BITCOUNT', key) == 0 then
        redis.call('DEL', key)
    end
    return was
end

-- The contacts that have a phone are a text, '17' or '17,23', oldest first.
local function add_phone(stem, phone, n)
    local key, field = phone_place(stem, phone)
    local there = redis.call('HGET', key, field)
    redis.call('HSET', key, field, there and there .. ',' .. n or n)
end

local function remove_phone(stem, phone, n)
    local key, field = phone_place(stem, phone)
    local others = {}
    for other in (redis.call('HGET', key, field) or ''):gmatch('%d+') do
        if other ~= n then
            others[#others + 1] = other
        end
    end
    if #others > 0 then
        redis.call('HSET', key, field, table.concat(others, ','))
    else
        redis.call('HDEL', key, field)
    end
end

-- Take what leads to a contact away, but for what leads to `after` as well.
local function unindex(stem, n, before, after)
    if not after or after[PHONE] ~= before[PHONE] then
        remove_phone(stem, before[PHONE], n)
    end
    if before[EXTERNAL_ID] and not (after and after[EXTERNAL_ID] == before[EXTERNAL_ID]) then
        redis.call('HDEL', external_id_place(stem, before[EXTERNAL_ID]))
    end
    for _, tag in ipairs(before[TAGS]) do
        put_bit(stem .. 'tag:' .. tag, n, 0)
    end
end

-- KEYS stem; ARGV `phone` or `external_id`, then values (phones without their +). Gives for each the numbers of the contacts
-- that have it, as a text, and the first one's record; nothing where there is none.
local function contacts_find(keys, args)
    local stem, found = keys[1], {}
    for i = 2, #args do
        local numbers
        if args[1] == 'phone' then
            numbers = redis.call('HGET', phone_place(stem, tonumber(args[i])))
        else
            numbers = redis.call('HGET', external_id_place(stem, args[i]))
        end
        found[i - 1] = false
        if numbers then
            found[i - 1] = { numbers, redis.call('HGET', record_place(stem, tonumber(numbers:match('%d+')))) }
        end
    end
    return found
end

-- KEYS stem, do-not-call; ARGV for each contact its number, the revision that it has now (0: it is new), `phone` where a new
-- one must be the first with its phone, the record, and 1 or 0 where its phone must or may be called no more. Gives for each
-- OK, or STALE where it has changed or somebody was first, or TAKEN where another has its external_id.
local function contacts_put(keys, args)
    local stem, answers = keys[1], {}
    for i = 1, #args, 5 do
        local n, revision, guard, packed, listing = args[i], tonumber(args[i + 1]), args[i + 2], args[i + 3], args[i + 4]
        local before, after = record_of(stem, tonumber(n)), cmsgpack.unpack(packed)
        local external_id = after[EXTERNAL_ID]
        local holder = external_id and redis.call('HGET', external_id_place(stem, external_id))
        if (before and before[REVISION] or 0) ~= revision then
            answers[#answers + 1] = 'STALE'
        elseif guard == 'phone' and redis.call('HEXISTS', phone_place(stem, after[PHONE])) == 1 then
            answers[#answers + 1] = 'STALE'
        elseif holder and holder ~= n then
            answers[#answers + 1] = 'TAKEN'
        else
            if before then
                unindex(stem, n, before, after)
            end
            if not before or before[PHONE] ~= after[PHONE] then
                add_phone(stem, after[PHONE], n)
            end
            if external_id and not holder then
                local key, field = external_id_place(stem, external_id)
                redis.call('HSET', key, field, n)
            end
            for _, tag in ipairs(after[TAGS]) do
                put_bit(stem .. 'tag:' .. tag, n, 1)
            end
            local key, field = record_place(stem, n)
            redis.call('HSET', key, field, packed)
            if listing == '1' then
                redis.call('SADD', keys[2], whole(after[PHONE]))
            elseif listing == '0' then
                redis.call('SREM', keys[2], whole(after[PHONE]))
            elseif before and before[PHONE] ~= after[PHONE] then
                -- Who must not be called does not become callable by another number.
                if redis.call('SISMEMBER', keys[2], whole(before[PHONE])) == 1 then
                    redis.call('SADD', keys[2], whole(after[PHONE]))
                end
            end
            answers[#answers + 1] = 'OK'
        end
    end
    return answers
end

-- KEYS stem; ARGV number, revision that it has. Gives whether it was there as such.
local function contacts_delete(keys, args)
    local before = record_of(keys[1], tonumber(args[1]))
    if not before or before[REVISION] ~= tonumber(args[2]) then
        return 0
    end
    unindex(keys[1], args[1], before, nil)
    return redis.call('HDEL', record_place(keys[1], tonumber(args[1])))
end

-- KEYS stem, stem of the campaign; ARGV numbers. Contacts that are there and not enrolled yet come to the end of the line of
-- their priority. Gives how many those were.
local function contacts_enrol(keys, args)
    local stem, campaign, lines, enrolled = keys[1], keys[2], {}, 0
    for _, n in ipairs(args) do
        local contact = record_of(stem, tonumber(n))
        if contact and put_bit(campaign .. 'members', tonumber(n), 1) == 0 then
            local line = lines[contact[PRIORITY]] or {}
            line[#line + 1] = n
            lines[contact[PRIORITY]] = line
            enrolled = enrolled + 1
        end
    end
    for priority, line in pairs(lines) do
        redis.call('ZADD', campaign .. 'priorities', priority, priority)
        for first = 1, #line, 1000 do
            local last = math.min(first + 999, #line)
            redis.call('RPUSH', campaign .. 'line:' .. priority, unpack(line, first, last))
        end
    end
    if enrolled > 0 then
        redis.call('HINCRBY', campaign .. 'counts', 'enrolled', enrolled)
    end
    return enrolled
end

-- KEYS stem of the campaign; ARGV for each contact its number, its status and its progress, a msgpack array that begins with
-- the status. What was written last holds; written twice, it counts once.
local function contacts_progress(keys, args)
    local campaign = keys[1]
    for i = 1, #args, 3 do
        local n, status, progress = tonumber(args[i]), args[i + 1], args[i + 2]
        local key, field = campaign .. 'progress:' .. math.floor(n / RECORDS_A_HASH), n % RECORDS_A_HASH
        local packed = redis.call('HGET', key, field)
        local before = packed and cmsgpack.unpack(packed)[1]
        if before ~= tonumber(status) then
            if before then
                put_bit(campaign .. 'status:' .. before, n, 0)
                redis.call('HINCRBY', campaign .. 'counts', before, -1)
            end
            put_bit(campaign .. 'status:' .. status, n, 1)
            redis.call('HINCRBY', campaign .. 'counts', status, 1)
        end
        redis.call('HSET', key, field, progress)
    end
    return redis.status_reply('OK')
end

redis.register_function { function_name = 'busyhour_contacts_find', callback = contacts_find, flags = { 'no-writes' } }
redis.register_function('busyhour_contacts_put', contacts_put)
redis.register_function('busyhour_contacts_delete', contacts_delete)
redis.register_function('busyhour_contacts_enrol', contacts_enrol)
redis.register_function('busyhour_contacts_progress', contacts_progress)
