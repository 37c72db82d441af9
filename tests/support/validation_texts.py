"""The scenario files of the validation table's rows; what they must give is in `validation_scenarios`.

Many short replications rather than few long ones: where the core is interpreted a quarter of them runs, and
an interval wants more than a handful.
"""

LOSS = """
schema: busyhour.scenario/v1
clock: {horizon: 12h, warmup: 15m}
replications: 80
queues: {line: {agents: 30, waiting_places: 0, handle_time: {exponential: {mean: 1m}}}}
inbound: [{queue: line, rate: "25/min"}]
"""

LOSS_LOGNORMAL = LOSS.replace("{exponential: {mean: 1m}}", "{lognormal: {mean: 1m, sd: 2m}}").replace(
    "replications: 80", "replications: 180"
)

# The load of which one call in a hundred is lost.
LOSS_OF_ONE_PERCENT = """
schema: busyhour.scenario/v1
clock: {horizon: HOURSh, warmup: 15m}
replications: 80
queues: {line: {agents: SERVERS, waiting_places: 0, handle_time: {exponential: {mean: 1m}}}}
inbound: [{queue: line, rate: "ERLANGS/min"}]
"""

HALF_HOUR = """
schema: busyhour.scenario/v1
clock: {horizon: 205h, warmup: 5h}
replications: 120
queues: {line: {agents: 14, handle_time: {exponential: {mean: 180s}}, service_level: {threshold: 20s}}}
inbound: [{queue: line, rate: "200/h"}]
"""

FIFTY = """
schema: busyhour.scenario/v1
clock: {horizon: 102h, warmup: 2h}
replications: 90
queues: {line: {agents: 50, handle_time: {exponential: {mean: 1m}}}}
inbound: [{queue: line, rate: "45/min"}]
"""

PATIENCE = """
schema: busyhour.scenario/v1
clock: {horizon: 19h, warmup: 1h}
replications: 80
queues:
  line:
    agents: 50
    handle_time: {exponential: {mean: 60s}}
    patience: {exponential: {mean: 120s}}
    service_level: {threshold: 20s}
inbound: [{queue: line, rate: "48/min"}]
"""

OVERLOAD = """
schema: busyhour.scenario/v1
clock: {horizon: 3h, warmup: 30m}
replications: 60
queues: {line: {agents: 100, handle_time: {exponential: {mean: 60s}}, patience: {exponential: {mean: 75s}}}}
inbound: [{queue: line, rate: "120/min"}]
"""

A_DAY = """
schema: busyhour.scenario/v1
clock: {horizon: 480m}
replications: 400
queues: {line: {agents: 12, handle_time: {exponential: {mean: 2m}}, service_level: {threshold: 20s}}}
inbound: [{queue: line, rate: "4.2/min"}]
"""

A_DAY_IMPATIENT = A_DAY.replace("agents: 12,", "agents: 12, patience: {exponential: {mean: 1m}},").replace(
    "replications: 400", "replications: 900"
)

# Rows of calls/ do not say the priority: each class comes over a trunk of its own.
PRIORITIES = """
schema: busyhour.scenario/v1
clock: {horizon: 124h, warmup: 2h}
replications: 80
trunks: {first: {}, second: {}}
queues: {line: {agents: 10, discipline: priority, handle_time: {exponential: {mean: 1m}}}}
inbound:
  - {queue: line, rate: "3/min", priority: 0, trunk: first}
  - {queue: line, rate: "5/min", priority: 1, trunk: second}
"""

THREE_PRIORITIES = """
schema: busyhour.scenario/v1
clock: {horizon: 42h, warmup: 2h}
replications: 80
trunks: {first: {}, second: {}, third: {}}
queues: {line: {agents: 50, discipline: priority, handle_time: {exponential: {mean: 1m}}}}
inbound:
  - {queue: line, rate: "20/min", priority: 0, trunk: first}
  - {queue: line, rate: "15/min", priority: 1, trunk: second}
  - {queue: line, rate: "8/min", priority: 2, trunk: third}
"""

# sd = 180 s * sqrt(1.2)
LOGNORMAL_SERVICE = """
schema: busyhour.scenario/v1
clock: {horizon: 1300h, warmup: 25h}
replications: 80
queues: {line: {agents: 1, handle_time: {lognormal: {mean: 180s, sd: 197.180120702s}}}}
inbound: [{queue: line, rate: "12/h"}]
"""

CONSTANT_SERVICE = """
schema: busyhour.scenario/v1
clock: {horizon: 97h, warmup: 2h}
replications: 80
queues: {line: {agents: 10, handle_time: 60s}}
inbound: [{queue: line, rate: "9/min"}]
"""

# A hundred agents are as good as infinitely many for 13 calls.
SINUSOID = """
schema: busyhour.scenario/v1
clock: {horizon: 168h, warmup: 8h}
replications: 120
queues: {line: {agents: 100, handle_time: {exponential: {mean: 5m}}}}
inbound: [{queue: line, sinusoid: {mean: "100/h", amplitude: "60/h", period: 8h}}]
"""

RETRIALS_ONE = """
schema: busyhour.scenario/v1
clock: {horizon: 205h, warmup: 5h}
replications: 90
queues: {line: {agents: 1, waiting_places: 0, handle_time: {exponential: {mean: 1m}}}}
inbound: [{queue: line, rate: "0.7/min", retry: {probability: 100%, after: {exponential: {mean: 30s}}}}]
"""

RETRIALS_FIVE = """
schema: busyhour.scenario/v1
clock: {horizon: 85h, warmup: 5h}
replications: 80
queues: {line: {agents: 5, waiting_places: 0, handle_time: {exponential: {mean: 1m}}}}
inbound: [{queue: line, rate: "4/min", retry: {probability: 100%, after: {exponential: {mean: 1m}}}}]
"""

# The dial's timeout must be far beyond the ring times, for it would cut their tail off.
ONE_TO_ONE = """
schema: busyhour.scenario/v1
clock: {horizon: 6h, warmup: 1h}
replications: 40
callees:
  consumer:
    outcomes: {human: 25%, no_answer: 75%}
    ring_time: {human: {exponential: {mean: 12s}}, no_answer: {exponential: {mean: 12s}}}
    patience: 2s
queues: {sales: {agents: 20, handle_time: {exponential: {mean: 120s}}}}
campaigns:
  leads: {contacts: {count: 100000}, queue: sales, pacing: {mode: progressive}, dial_timeout: 10m}
"""

ONE_TO_ONE_SLOW_NO = ONE_TO_ONE.replace("human: 25%, no_answer: 75%", "human: 30%, no_answer: 70%").replace(
    "no_answer: {exponential: {mean: 12s}}", "no_answer: 24s"
)

# Erlang's formula wants dials at random, and a campaign's limit spaces them evenly: so the trunk is filled by
# callers whose calls hold a channel as those dials would. Loss is insensitive to all but the mean of it.
TRUNK = """
schema: busyhour.scenario/v1
clock: {horizon: 6h, warmup: 15m}
replications: 80
trunks: {main: {channels: CHANNELS}}
queues:
  anybody:
    agents: 300
    handle_time:
      mixture:
        - {weight: 0.25, of: {shifted: {by: 12s, of: {exponential: {mean: 90s}}}}}
        - {weight: 0.75, of: 25s}
inbound: [{queue: anybody, trunk: main, rate: "5/s"}]
"""

# Two dials per second come evenly spaced, and Erlang's formula wants answers at random: these come so once
# ring times are much longer than talks. Peakedness 1 - sum p^2 / load, with p the probability that a dial
# keeps an agent busy, in Hayward's approximation says what ring times of an hour leave of the difference:
# 0.75% fewer are dropped (1.5% after half an hour, 21% after 12 s).
DETECTION = """
schema: busyhour.scenario/v1
clock: {horizon: 28h, warmup: 8h}
replications: 12
callees:
  consumer:
    outcomes: {human: 20%, machine: 40%, no_answer: 40%}
    ring_time: {human: {exponential: {mean: 1h}}, machine: {exponential: {mean: 1h}}, no_answer: 1s}
    patience: 0s
    amd: {machine_as_human: 8%, human_as_machine: 5%, machine_talk_time: 10s}
queues: {sales: {agents: 60, handle_time: {exponential: {mean: 120s}}}}
campaigns:
  leads:
    contacts: {count: 220000}
    queue: sales
    pacing: {mode: agentless}
    limits: {calls_per_second: 2}
    dial_timeout: 24h
"""

REDIAL = """
schema: busyhour.scenario/v1
clock: {until: idle}
replications: 20
callees:
  consumer:
    outcomes: {human: 28%, no_answer: 72%}
    ring_time: {human: 9s, no_answer: 20s}
campaigns:
  reminders:
    contacts: {count: 5000}
    pacing: {mode: agentless}
    limits: {calls_per_second: 50}
    retry: {max_attempts: 5, rules: [{outcome: no_answer, after: 10m}]}
"""
