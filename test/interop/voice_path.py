"""Which way voice takes: the client's half of the path proof and the tunnel. No clock and no socket: the time is given, in seconds."""

REPEAT_SECONDS = 1.0
KEEP_OPEN_SECONDS = 5.0
GIVE_UP_SECONDS = 2.0
TUNNEL_PING_SECONDS = 5.0


class VoicePath:
    def __init__(self):
        self.by_udp = False
        """Whether voice goes by UDP: the server has answered a ping that echoed its token."""
        self.in_tunnel = False
        """Whether the server has been told to use the tunnel."""
        self._token = 0
        self._echoed_tokens: set[int] = {0}
        self._token_of_ping: dict[int, int] = {}
        self._unanswered_since: float | None = None
        self._udp_ping_at = 0.0
        self._tunnel_ping_at = 0.0

    def udp_ping_due(self, now: float) -> bool:
        return now >= self._udp_ping_at

    def tunnel_ping_due(self, now: float) -> bool:
        """Whether the server has to be told by a ping in the tunnel; also notices that UDP does not pass."""
        if self._unanswered_since is not None and now - self._unanswered_since >= GIVE_UP_SECONDS:
            if not self.in_tunnel:
                self._tunnel_ping_at = now
            self.by_udp, self.in_tunnel = False, True
        return self.in_tunnel and now >= self._tunnel_ping_at

    def udp_ping_sent(self, now: float, timestamp: int) -> int:
        """The token that the ping with this timestamp carries."""
        self._token_of_ping[timestamp] = self._token
        self._echoed_tokens.add(self._token)
        if self._unanswered_since is None:
            self._unanswered_since = now
        self._udp_ping_at = now + REPEAT_SECONDS
        return self._token

    def sent_through_tunnel(self, now: float) -> None:
        """Voice or a ping: while one speaks through the tunnel no ping is needed."""
        self._tunnel_ping_at = now + TUNNEL_PING_SECONDS

    def pong_by_udp(self, now: float, timestamp: int, token: int) -> bool:
        """Takes a pong that came by UDP. True where a ping has to be sent at once, to echo its token."""
        self._token = token
        if timestamp in self._token_of_ping:
            echoed = self._token_of_ping[timestamp]
            self._unanswered_since = None
            self._token_of_ping.clear()
            self._udp_ping_at = now + KEEP_OPEN_SECONDS
            if token != 0 and echoed == token:
                self.by_udp, self.in_tunnel = True, False
        return token not in self._echoed_tokens
