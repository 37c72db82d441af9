"""What the limits in the store are told of one actor's calls and, by one actor, of the trunks."""

from busyhour.adapters.valkey.admission import Became, StoreAdmission
from busyhour.core.ids import ABSENT, Instant
from simulation.live_part import LivePart


class Reports:
    """What has been told, and what is to be told again because nobody knows whether it was."""

    def __init__(self) -> None:
        self._became: dict[int, list[tuple[Became, int, int]]] = {}
        """Trunk → what became of its calls and is not reported yet."""
        self._down: set[int] | None = None
        """Trunks of which the limits have been told that they are down; None: who knows."""

    async def send(self, admission: StoreAdmission, part: LivePart, now: Instant, of_trunks: bool) -> None:
        """Tell which calls their trunks have taken, refused and ended and, where it is for this actor, which trunks are
        up. Raises UnconfiguredError, RedisError.
        """
        if not of_trunks:
            self._down = None
        else:
            await self._send_outages(admission, part)
        for host in part.hosts.values():
            for call in host.accepted:
                if call.trunk != ABSENT:
                    self._became.setdefault(call.trunk, []).append(("accepted", call.id, call.campaign))
            host.accepted.clear()
        for log in part.logs.values():
            for trunk, call_id, campaign, refused in log.ended:
                became: Became = "refused" if refused else "ended"
                self._became.setdefault(trunk, []).append((became, call_id, campaign))
            log.ended.clear()
        for trunk in list(self._became):
            await admission.release(trunk, now, self._became[trunk])
            del self._became[trunk]

    async def _send_outages(self, admission: StoreAdmission, part: LivePart) -> None:
        down = {number for number, trunk in enumerate(part.carrier.trunks) if trunk.outages > 0}
        if down == self._down:
            return
        for number in range(len(part.carrier.trunks)):
            tell = admission.begin_outage if number in down else admission.end_outage
            await tell(number, "scenario")
        self._down = down
