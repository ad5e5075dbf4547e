import { ServerMetrics } from './server-metrics.js';

const TEXT = `# HELP parley_sessions Voice clients that have logged in.
# TYPE parley_sessions gauge
parley_sessions 3
parley_relay_routing_latency_seconds{quantile="0.99"} 0.0012
parley_relay_packets_received_total{path="udp"} 5
parley_relay_packets_received_total{path="tunnel"} 2
`;

test('a figure is found by its name and labels', () => {
  const metrics = new ServerMetrics(TEXT);
  expect(metrics.valueOf('parley_sessions')).toBe(3);
  expect(metrics.valueOf('parley_relay_routing_latency_seconds{quantile="0.99"}')).toBe(0.0012);
});

test('a figure that is not there is an error and not a number', () => {
  expect(() => new ServerMetrics(TEXT).valueOf('parley_relay_packets_received_total')).toThrow(RangeError);
});
