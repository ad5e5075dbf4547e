import { Counter, Gauge, type Registry } from 'prom-client';
import { HistogramOfCounts } from './histogram-of-counts.js';
import { RunningTotal } from './running-total.js';

/** What the server's own figures are shown by. */
export type Instruments = ReturnType<typeof makeInstruments>;

export function makeInstruments(registry: Registry) {
  const registers = [registry];
  const gauge = <Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge<Label>({ name: `parley_${name}`, help, labelNames, registers });
  const counter = <Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new RunningTotal(new Counter<Label>({ name: `parley_${name}`, help, labelNames, registers }));
  return {
    build: gauge('build_info', 'The version of Parley and of Node. Always 1.', ['version', 'node']),
    sessions: gauge('sessions', 'Voice clients that have logged in, by door.', ['door']),
    waitingSessions: gauge(
      'sessions_waiting',
      'Sessions whose voice client has lost its connection and may come back.',
    ),
    newcomers: gauge('newcomers', 'Connections of voice clients that have not logged in yet, by door.', ['door']),
    accepted: counter('connections_accepted_total', 'TCP connections of voice clients, whatever became of them.', [
      'door',
    ]),
    failedHandshakes: counter('tls_handshakes_failed_total', 'TLS handshakes of voice clients that failed.', ['door']),
    sentOff: counter(
      'newcomers_sent_off_total',
      'Connections closed before their login: late, crowded out, or hasty, from a network with too many handshakes.',
      ['door', 'reason'],
    ),
    tunnelDropped: counter(
      'tunnel_dropped_total',
      'Voice packets not sent through a control connection that was not read fast enough.',
      ['door'],
    ),
    mumbleReceived: counter('mumble_datagrams_received_total', "Datagrams that came to the port of Mumble's clients."),
    mumbleSent: counter('mumble_datagrams_sent_total', "Datagrams that were sent to Mumble's clients."),
    mumbleRefused: counter(
      'mumble_datagrams_refused_total',
      'Datagrams that no client had sealed, or that had come before.',
    ),
    mumbleTrials: counter(
      'mumble_key_trials_total',
      'Keys that were tried to find out whose a datagram was that came from an unknown address.',
    ),
    relayUp: gauge('relay_up', '1 where all workers of the voice relay run.'),
    relayWorkers: gauge('relay_workers', 'Workers of the voice relay that run.'),
    relaySessions: gauge('relay_sessions', 'Sessions that the relay knows.'),
    relayRoutes: gauge('relay_routes', 'Channels that the relay forwards for.'),
    packetsIn: counter('relay_packets_received_total', 'Packets that came to the relay, whatever became of them.', [
      'path',
    ]),
    bytesIn: counter('relay_received_bytes_total', 'Bytes of the packets that came to the relay.'),
    voiceIn: counter('relay_voice_packets_accepted_total', 'Voice packets that were accepted, each once.'),
    pingsIn: counter('relay_pings_accepted_total', 'Pings that were accepted.'),
    packetsOut: counter('relay_packets_sent_total', 'Copies of voice packets to receivers, and pongs.', ['path']),
    bytesOut: counter('relay_sent_bytes_total', 'Bytes of the packets that were sent.'),
    drops: counter('relay_packets_dropped_total', 'Packets that were dropped, by reason.', ['reason']),
    latency: gauge(
      'relay_routing_latency_seconds',
      'From receiving a voice packet to its last copy, over the last 30 to 60 s.',
      ['quantile'],
    ),
    latencyCount: counter('relay_routing_latency_measured_total', 'Voice packets whose routing latency was measured.'),
    gcPauses: counter('relay_gc_pauses_total', "Garbage collections of the relays' threads."),
    gcPauseSeconds: counter('relay_gc_pause_seconds_total', "How long they have stopped the relays' threads, in all."),
    longestGcPause: gauge('relay_gc_pause_longest_seconds', 'The longest of them since those threads began.'),
    backend: gauge('udp_backend_info', 'How UDP is done. Always 1.', ['backend']),
    receiveBuffer: gauge(
      'udp_receive_buffer_bytes',
      'What the system granted for datagrams that wait to be read, the least of all workers.',
    ),
    unanswerable: counter('udp_unanswerable_total', 'Datagrams from port 0, which nothing can answer.'),
    congested: counter('udp_congested_total', 'Copies not sent because too many waited.'),
    udpErrors: counter('udp_errors_total', 'Errors that the system told of UDP.'),
    subscriptionConnections: gauge('subscription_connections', 'WebSockets of GraphQL subscriptions.'),
    subscribers: gauge('subscribers', 'Subscriptions that are open.'),
    delivered: counter('subscription_events_delivered_total', 'Events that subscribers were told.'),
    dropped: counter('subscription_events_dropped_total', 'Events that subscribers were too slow for.'),
    lag: new HistogramOfCounts(
      'parley_subscription_lag_seconds',
      'From an event to its handing over to the connection of a subscriber.',
      registry,
    ),
    sessionsLimit: gauge('sessions_limit', 'How many voice clients the server lets in at a time.'),
    connections: gauge('connections', 'Connections that are open: of voice clients, and to the API.', ['door']),
    dependencyUp: gauge('dependency_up', '1 where what the server needs does its work, as /health/ready says.', [
      'dependency',
    ]),
    databaseConnections: gauge(
      'database_connections',
      'Connections to the database that are in use and idle, and requests that wait for one.',
      ['state'],
    ),
    redisReconnects: counter('redis_reconnects_total', 'How often the connection to Redis was lost and came back.'),
  };
}
