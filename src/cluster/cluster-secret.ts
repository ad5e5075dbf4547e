import { hkdfSync } from 'node:crypto';

/** What a key made from the cluster's secret is for: keys of one purpose say nothing about those of another. */
export type KeyPurpose = 'ticket' | 'channel key' | 'link';

/** Makes the keys by which the nodes of a cluster know each other from one secret that all of them share. */
export class ClusterSecret {
  readonly #secret: string;

  constructor(secret: string) {
    this.#secret = secret;
  }

  /** A key of so many bytes. `context` names which one of its purpose it is: another context gives another key. */
  key(purpose: KeyPurpose, context: string, bytes: number): Uint8Array {
    return new Uint8Array(hkdfSync('sha256', this.#secret, '', `parley ${purpose} 1 ${context}`, bytes));
  }
}
