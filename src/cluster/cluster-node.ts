import { z } from 'zod';

const port = z.int().min(1).max(65_535);

/** What a node tells of itself. */
export const nodeRecordSchema = z
  .strictObject({
    /** The same after each start. */
    name: z.string(),
    /** Of the server program. */
    version: z.string(),
    /** Where the API is, or null where that is not told. */
    apiUrl: z.string().nullable(),
    /** Where voice clients reach this very node, or null where they are not to be sent here. */
    voice: z
      .strictObject({
        host: z.string(),
        controlPort: port,
        /** The SHA-256 of the certificate there, as 64 hexadecimal digits. */
        fingerprint: z.string(),
      })
      .readonly()
      .nullable(),
    /** Where voice of other nodes comes: the host, and a UDP port for each worker of the relay; null where none comes. */
    link: z
      .strictObject({ host: z.string(), ports: z.array(port).readonly() })
      .readonly()
      .nullable(),
    /** True for a node that takes no new sessions. */
    draining: z.boolean(),
    startedAt: z.iso.datetime(),
    /** Sessions that are connected to it. */
    sessions: z.int().min(0),
  })
  .readonly();

export type NodeRecord = z.infer<typeof nodeRecordSchema>;

/** A node that lives, as far as is known. */
export interface ClusterNode extends NodeRecord {
  /** Another one after each start. */
  readonly id: string;
  /** The token of its lease: a higher one is a later life. */
  readonly token: string;
}
