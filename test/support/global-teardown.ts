import { stopCluster } from './test-cluster.js';

export default async function teardown(): Promise<void> {
  await stopCluster();
}
