"""Ended calls, packed into the rows that `busyhour.results` reads."""

from typing import Any, Final, final

from librt.strings import BytesWriter, write_i16_le, write_i32_le, write_i64_le

from busyhour.core.call import Call
from busyhour.core.disposition import ABANDONED, BUSY, END_HORIZON, FAILED
from busyhour.core.ids import ABSENT
from busyhour.ports import CallLog
from simulation.carrier import Leg, SimulatedCarrier
from simulation.desk import SimulatedDesk
from simulation.inbound import InboundSource

MOST_ATTEMPTS: Final = 2**15 - 1
"""As `rows.MOST_ATTEMPTS`, where compiled code has it as a constant."""
CHUNK_ROWS: Final = 16_384
"""Rows handed on at a time: 2 MB."""


@final
class SimulatedCallLog(CallLog):
    """Writes each ended call once, in the order calls end, as the fields of `results.rows.CALL_ROW`."""

    __slots__ = ("_sink", "_writer", "calls", "carrier", "desk", "sources", "wraps_up")

    carrier: SimulatedCarrier
    desk: SimulatedDesk
    sources: list[InboundSource]
    wraps_up: list[bool]
    """By queue: whether its agents write calls up at all."""

    def __init__(self, sink: Any) -> None:
        """`sink.add(chunk: bytes)` takes packed rows."""
        self._sink: Any = sink
        self._writer: BytesWriter = BytesWriter()
        self.calls: int = 0

    def write(self, call: Call) -> None:
        leg: Leg = call.line
        ended_at = call.ended_at
        self.carrier.close(leg, ended_at)
        wrap_up_us = 0
        if call.agent != ABSENT and self.wraps_up[call.queue] and call.end_reason != END_HORIZON:
            wrap_up_us = leg.draws.wrap_up[call.queue].at(leg.index)
            self.desk.wrap_up_us[call.agent] = wrap_up_us
        row = self._writer
        write_i64_le(row, call.id)
        write_i64_le(row, call.contact)
        write_i64_le(row, call.created_at)
        write_i64_le(row, call.dialed_at)
        write_i64_le(row, call.ringing_at)
        write_i64_le(row, call.answered_at)
        write_i64_le(row, call.queued_at)
        write_i64_le(row, call.connected_at)
        write_i64_le(row, ended_at)
        write_i64_le(row, wrap_up_us)
        write_i64_le(row, call.voice_connected_at)
        write_i32_le(row, call.agent)
        write_i16_le(row, call.campaign)
        write_i16_le(row, call.queue)
        write_i16_le(row, call.trunk)
        write_i16_le(row, call.voice_agent)
        write_i16_le(row, call.attempt if call.attempt < MOST_ATTEMPTS else MOST_ATTEMPTS)
        write_i16_le(row, call.sip_code if call.sip_code > 0 else 0)
        row.append(call.disposition)
        row.append(call.end_reason)
        row.append(call.amd)
        row.append(call.direction)
        calls = self.calls + 1
        self.calls = calls
        if calls % CHUNK_ROWS == 0:
            self.flush()
        if leg.source != ABSENT:
            disposition = call.disposition
            if disposition == ABANDONED or disposition == BUSY or disposition == FAILED:
                if call.end_reason != END_HORIZON:
                    self.sources[leg.source].consider_retry(leg, ended_at)

    def flush(self) -> None:
        """Hand on what has been written."""
        if len(self._writer) > 0:
            self._sink.add(self._writer.getvalue())
            self._writer = BytesWriter()
