
-- Admission: the limits that everything that dials shares. Decided exactly as simulation/admission.py and
-- simulation/trunks.py decide; one model in the tests drives both.
--
-- Instants are whole microseconds, about 1.8e15, which a Lua number holds exactly below 2^53 but tostring and cjson
-- print with 14 digits: so `whole` writes every one of them.

local ASK_AGAIN_US = 100000
local REFUSALS_BEFORE_REST = 3
local SHORTEST_REST_US = 1000000
local LONGEST_REST_US = 30000000

local NOTHING, CONCURRENCY, CALLS_PER_SECOND = 0, 2, 3 -- of campaign.BLOCKED_BY
local ABSENT = -1
local RETURNED, DO_NOT_CALL, MAX_PER_DAY = -1, -2, -3 -- of core/attempts.py

local VIRTUAL_SHARDS = 256 -- of adapters/valkey/shards.py

local DAY_US = 86400000000
local DAY_HASHES = 4096
local DAYS_KEPT_S = 3 * 86400 -- when it is over everywhere, nobody asks any more

local function whole(number)
    return string.format('%.0f', number)
end

local function unconfigured(text)
    return refusal('UNCONFIGURED', text)
end

-- The clock is a hash: {origin_us, instant_us, speed}. When the server's time was origin_us it was instant_us, and since
-- then `speed` times as much has passed. Gives no instant where no clock was started.
local function clock_now(key, not_before)
    local clock = redis.call('HMGET', key, 'origin_us', 'instant_us', 'speed')
    if not clock[3] then
        return nil
    end
    local time = redis.call('TIME')
    local passed_us = time[1] * 1000000 + time[2] - clock[1]
    return math.max(tonumber(not_before), clock[2] + math.floor(passed_us * clock[3]))
end

-- KEYS clock; ARGV instant, speed. From now on it is that instant, and goes on at that speed.
local function clock_start(keys, args)
    local time = redis.call('TIME')
    local origin = whole(time[1] * 1000000 + time[2])
    redis.call('HSET', keys[1], 'origin_us', origin, 'instant_us', args[1], 'speed', args[2])
    return redis.status_reply('OK')
end

-- KEYS clock. Gives the instant.
local function clock_read(keys, args)
    return clock_now(keys[1], 0) or unconfigured('no clock was started')
end

-- A bucket is the one of core/token_bucket.py, in the hash of its trunk or campaign: calls (0: unlimited), step_us and
-- step_part are its rate, due_us and due_part when the next call is due. The parts are in 1/calls microseconds.
local BUCKET = { 'calls', 'step_us', 'step_part', 'due_us', 'due_part' }

-- Gives nothing where no rate was set.
local function bucket_of(key)
    local fields = redis.call('HMGET', key, unpack(BUCKET))
    if not fields[1] then
        return nil
    end
    local bucket = {}
    for i, name in ipairs(BUCKET) do
        bucket[name] = tonumber(fields[i] or 0)
    end
    return bucket
end

local function available_at(bucket, now)
    if bucket.calls == 0 then
        return now
    end
    return math.max(now, bucket.due_part > 0 and bucket.due_us + 1 or bucket.due_us)
end

-- One call at `now`, not before `available_at`.
local function take(bucket, now)
    if bucket.calls == 0 then
        return
    end
    if now > available_at(bucket, 0) then
        bucket.due_us, bucket.due_part = now, 0
    end
    bucket.due_us = bucket.due_us + bucket.step_us
    bucket.due_part = bucket.due_part + bucket.step_part
    if bucket.due_part >= bucket.calls then
        bucket.due_us, bucket.due_part = bucket.due_us + 1, bucket.due_part - bucket.calls
    end
end

local function keep_due(key, bucket)
    redis.call('HSET', key, 'due_us', whole(bucket.due_us), 'due_part', whole(bucket.due_part))
end

-- KEYS hash of the campaign or the trunk; ARGV calls, step_us, step_part, then names and values of its other limits. Under
-- another rate the next call is due when it was.
local function configure(keys, args)
    local bucket = bucket_of(keys[1])
    if bucket and bucket.calls ~= tonumber(args[1]) then
        if bucket.due_part > 0 then
            bucket.due_us, bucket.due_part = bucket.due_us + 1, 0
        end
        keep_due(keys[1], bucket)
    end
    redis.call('HSET', keys[1], 'calls', args[1], 'step_us', args[2], 'step_part', args[3], unpack(args, 4))
    return redis.status_reply('OK')
end

-- The live calls of a trunk are a set scored by the instant after which nobody believes in them any more, and so are
-- those of them that the trunk has not answered for yet. Gives how many live.
local function live_calls(live_key, unanswered_key, now)
    redis.call('ZREMRANGEBYSCORE', live_key, '-inf', whole(now))
    redis.call('ZREMRANGEBYSCORE', unanswered_key, '-inf', whole(now))
    return redis.call('ZCARD', live_key)
end

-- Adds calls to a set of live ones.
local function add_calls(key, deadline, calls)
    for from = 1, #calls, 1000 do
        local members = {}
        for i = from, math.min(from + 999, #calls) do
            members[#members + 1] = deadline
            members[#members + 1] = calls[i]
        end
        redis.call('ZADD', key, unpack(members))
    end
end

-- Which virtual shards take no new calls, and whether any does.
local function closed_shards(bound_key)
    local is_closed, closed = {}, redis.call('HKEYS', bound_key)
    for _, shard in ipairs(closed) do
        is_closed[tonumber(shard)] = true
    end
    return is_closed, #closed < VIRTUAL_SHARDS
end

-- The first number from `call` on whose virtual shard is open.
local function open_number(call, is_closed)
    while is_closed[call % VIRTUAL_SHARDS] do
        call = call + 1
    end
    return call
end

-- Which numbers are on the do-not-call list, of the leases that begin at `first` in `args`, two each; by lease from 1. 0 is
-- no number.
local function listed(key, args, first)
    local is_listed = {}
    for from = first, #args, 2000 do
        local phones, leases = {}, {}
        for i = from, math.min(from + 1999, #args), 2 do
            if args[i] ~= '0' then
                phones[#phones + 1] = args[i]
                leases[#leases + 1] = (i - first) / 2 + 1
            end
        end
        if #phones > 0 then
            for i, found in ipairs(redis.call('SMISMEMBER', key, unpack(phones))) do
                is_listed[leases[i]] = found == 1
            end
        end
    end
    return is_listed
end

-- The attempts at a number on one of its local days are a field of a hash that it shares with few others, so that the
-- store packs them tight. The hash's name is only known once the day is, but its tag is that of every other key.
local function day_key(days_key, phone, offset_us, at)
    local day = math.floor((at + offset_us) / DAY_US)
    return days_key .. ':' .. day .. ':' .. phone % DAY_HASHES
end

local function count_attempt(key, phone)
    if redis.call('HINCRBY', key, phone, 1) == 1 and redis.call('HLEN', key) == 1 then
        redis.call('EXPIRE', key, DAYS_KEPT_S)
    end
end

-- KEYS epoch, head, entries, clock, trunk, live, unanswered, outages, campaign, live of the campaign, calls, do-not-call,
-- days, bound shards; ARGV epoch, expected head, campaign, not before, number of the claim, longest life of a call in us, how far ahead in
-- us calls may be admitted that are due then and dialled then, and for each lease the number (0: none) and its zone's offset
-- from UTC in us.
-- Gives the answer as it stands in the journal, and the new head. Asked again under the same number it gives the same
-- answer, and grants nothing.
local function admission_claim(keys, args)
    local refused = fenced(keys[1], args[1])
    if refused then
        return refused
    end
    local claim = args[1] .. ':' .. args[5] -- a new owner counts from the start again
    local expected, head = tonumber(args[2]), tonumber(redis.call('GET', keys[2]) or '0')
    local last = redis.call('HMGET', keys[9], 'claim', 'answer')
    if last[1] == claim then
        if head ~= expected + 1 then
            local entry = expected + 1
            return refusal('SEQUENCE', 'claim ' .. args[5] .. ' is not entry ' .. entry .. ', it holds ' .. head)
        end
        return { last[2], head }
    end
    if head ~= expected then
        return refusal('SEQUENCE', 'the journal holds ' .. head .. ' entries, not ' .. expected)
    end
    local now = clock_now(keys[4], args[4])
    if not now then
        return unconfigured('no clock was started')
    end
    local trunk = redis.call('HMGET', keys[5], 'channels', 'rests_until')
    local shared = bucket_of(keys[5])
    if not shared or not trunk[1] then
        return unconfigured('the trunk has no limits')
    end
    local own = bucket_of(keys[9])
    if not own then
        return unconfigured('campaign ' .. args[3] .. ' has no limits')
    end

    local channels, rests_until = tonumber(trunk[1]), tonumber(trunk[2] or 0)
    local live = live_calls(keys[6], keys[7], now)
    local is_limited = channels ~= ABSENT and redis.call('SCARD', keys[8]) == 0
    local campaign = redis.call('HMGET', keys[9], 'max_concurrency', 'max_per_day', 'state')
    local max_concurrency, max_per_day = tonumber(campaign[1] or 0), tonumber(campaign[2] or 0)
    local is_running = (campaign[3] or 'running') == 'running'
    redis.call('ZREMRANGEBYSCORE', keys[10], '-inf', whole(now))
    local own_live = redis.call('ZCARD', keys[10])

    local is_listed, ahead = listed(keys[12], args, 8), tonumber(args[7])
    local next_call = tonumber(redis.call('GET', keys[11]) or 0)
    local is_closed, is_any_open = closed_shards(keys[14])
    local answers, calls, granted, due = {}, {}, 0, {}
    local blocked_by, retry_at = NOTHING, ABSENT
    for lease = 1, (#args - 7) / 2 do
        local phone = args[6 + 2 * lease]
        local due_at = math.max(available_at(own, now), available_at(shared, now))
        local day = phone ~= '0' and day_key(keys[13], phone, args[7 + 2 * lease], due_at)
        if is_listed[lease] then
            answers[lease] = DO_NOT_CALL
        elseif day and max_per_day > 0 and tonumber(redis.call('HGET', day, phone) or 0) >= max_per_day then
            answers[lease] = MAX_PER_DAY
        else
            if blocked_by ~= NOTHING then
                -- What held an earlier one holds this one, too.
            elseif not is_running or not is_any_open then
                blocked_by, retry_at = CONCURRENCY, now + ASK_AGAIN_US
            elseif rests_until > now then
                blocked_by, retry_at = CONCURRENCY, rests_until
            elseif is_limited and live + granted >= channels then
                blocked_by, retry_at = CONCURRENCY, now + ASK_AGAIN_US
            elseif max_concurrency > 0 and own_live + granted >= max_concurrency then
                blocked_by, retry_at = CONCURRENCY, now + ASK_AGAIN_US
            elseif due_at > now + ahead then
                blocked_by, retry_at = CALLS_PER_SECOND, due_at - math.floor(ahead / 2)
            end
            if blocked_by ~= NOTHING then
                answers[lease] = RETURNED
            else
                take(own, due_at)
                take(shared, due_at)
                if day then
                    count_attempt(day, phone)
                end
                next_call = open_number(next_call, is_closed)
                granted = granted + 1
                calls[granted] = whole(next_call)
                answers[lease] = calls[granted]
                next_call = next_call + 1
                due[granted] = whole(due_at)
            end
        end
    end

    if granted > 0 then
        redis.call('SET', keys[11], whole(next_call))
        local deadline = whole(now + args[6])
        add_calls(keys[6], deadline, calls)
        add_calls(keys[7], deadline, calls)
        add_calls(keys[10], deadline, calls)
        keep_due(keys[5], shared)
        keep_due(keys[9], own)
    end
    local answer = string.format(
        '[%s,"",0,"ClaimsAnswered",%s,[%s],%d,%s,[%s]]',
        whole(now), args[3], table.concat(answers, ','), blocked_by, whole(retry_at), table.concat(due, ',')
    )
    redis.call('HSET', keys[9], 'claim', claim, 'answer', answer)
    redis.call('RPUSH', keys[3], answer)
    return { answer, redis.call('INCR', keys[2]) }
end

-- KEYS clock, trunk, live, unanswered; ARGV not before, then what became of a call (`accepted` by the trunk, `refused` by it,
-- `ended`), its number and the key of its campaign's live calls ('' for an inbound one), in order. Gives how many of them
-- were news: a call that no longer lives tells nothing, and none is accepted twice.
local function admission_release(keys, args)
    local now = clock_now(keys[1], args[1])
    if not now then
        return unconfigured('no clock was started')
    end
    live_calls(keys[3], keys[4], now)
    local in_a_row = tonumber(redis.call('HGET', keys[2], 'refusals_in_a_row') or 0)
    local rests_until
    local news = 0
    for i = 2, #args, 3 do
        local what, call, campaign_key = args[i], args[i + 1], args[i + 2]
        local unanswered = redis.call('ZREM', keys[4], call)
        if what == 'accepted' then
            if unanswered == 1 then
                in_a_row = 0
                news = news + 1
            end
        elseif redis.call('ZREM', keys[3], call) == 1 then
            news = news + 1
            if campaign_key ~= '' then
                redis.call('ZREM', campaign_key, call)
            end
            if what == 'refused' then
                in_a_row = in_a_row + 1
                local doublings = in_a_row - REFUSALS_BEFORE_REST
                if doublings >= 0 then
                    rests_until = now + (doublings < 5 and SHORTEST_REST_US * 2 ^ doublings or LONGEST_REST_US)
                end
            end
        end
    end
    redis.call('HSET', keys[2], 'refusals_in_a_row', in_a_row)
    if rests_until then
        redis.call('HSET', keys[2], 'rests_until', whole(rests_until))
    end
    return news
end

-- KEYS clock, trunk, live, unanswered, outages; ARGV not before, longest life of a call in us, call. An inbound call
-- takes a channel now. Gives SEIZED, and again when it has one already, DOWN or FULL.
local function admission_seize(keys, args)
    local now = clock_now(keys[1], args[1])
    if not now then
        return unconfigured('no clock was started')
    end
    local channels = tonumber(redis.call('HGET', keys[2], 'channels') or '')
    if not channels then
        return unconfigured('the trunk has no limits')
    end
    local live = live_calls(keys[3], keys[4], now)
    if redis.call('ZSCORE', keys[3], args[3]) then
        return 'SEIZED'
    end
    if redis.call('SCARD', keys[5]) > 0 then
        return 'DOWN'
    end
    if channels ~= ABSENT and live >= channels then
        return 'FULL'
    end
    redis.call('ZADD', keys[3], whole(now + args[2]), args[3])
    return 'SEIZED'
end

redis.register_function('busyhour_clock_start', clock_start)
redis.register_function { function_name = 'busyhour_clock_read', callback = clock_read, flags = { 'no-writes' } }
redis.register_function('busyhour_admission_configure', configure)
redis.register_function('busyhour_admission_claim', admission_claim)
redis.register_function('busyhour_admission_release', admission_release)
redis.register_function('busyhour_admission_seize', admission_seize)
