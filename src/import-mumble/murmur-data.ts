/** What a database of Mumble's own server says, as plain data. */

export interface MurmurChannel {
  /** 0 is the root. */
  readonly id: number;
  readonly parentId: number;
  readonly name: string;
  /** As HTML. */
  readonly description: string;
  readonly position: number;
  /** 0 for no limit of its own. */
  readonly maxUsers: number;
  /** Whether the rights of the channel above hold here too. */
  readonly inheritsAcl: boolean;
}

export interface MurmurUser {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  /** As HTML. */
  readonly comment: string;
  /** SHA-1 of the certificate, hexadecimal; empty where there is none. */
  readonly certificateHash: string;
  readonly hasTexture: boolean;
}

export interface MurmurGroup {
  readonly channelId: number;
  readonly name: string;
  /** Ids of users. */
  readonly added: readonly number[];
  readonly removed: readonly number[];
}

/** One line of an ACL; they hold in the order of their list, a later one over an earlier one. */
export interface MurmurAclEntry {
  readonly channelId: number;
  /** Null where it is for a group. */
  readonly userId: number | null;
  readonly group: string;
  readonly appliesHere: boolean;
  readonly appliesBelow: boolean;
  /** Bits of permissions. */
  readonly granted: number;
  readonly denied: number;
}

export interface MurmurBan {
  /** 16 bytes, IPv4 addresses mapped into IPv6. */
  readonly address: Uint8Array;
  /** The length of the prefix, 0 to 128. */
  readonly mask: number;
  readonly name: string;
  readonly certificateHash: string;
  readonly reason: string;
  /** Null where it cannot be read. */
  readonly startedAt: Date | null;
  /** 0 for a ban without an end. */
  readonly durationS: number;
}

/** One virtual server. */
export interface MurmurData {
  /** In no order; without the root. */
  readonly channels: readonly MurmurChannel[];
  /** Without SuperUser. */
  readonly users: readonly MurmurUser[];
  readonly groups: readonly MurmurGroup[];
  /** In the order in which they hold. */
  readonly acl: readonly MurmurAclEntry[];
  readonly bans: readonly MurmurBan[];
  /** Pairs of channels that are linked. */
  readonly links: number;
}

/** The user whom no ACL binds; nobody is it in Parley. */
export const SUPER_USER_ID = 0;
export const ROOT_CHANNEL_ID = 0;
