/** What one user, one copy and one gigabyte come to, from what a whole server took at two sizes. */

/** What all processes of a server took. */
export interface Taken {
  readonly users: number;
  readonly cpuPercent: number;
  readonly allMb: number;
  readonly packetsOutPerSecond: number;
}

export interface CapacityModel {
  /** Of a server to which nobody is connected, as the line through both sizes has it. */
  readonly baseMb: number;
  readonly kbPerUser: number;
  /** Of one processor. */
  readonly baseCpuPercent: number;
  readonly cpuPercentPerIdleUser: number;
  /** Of one processor, in microseconds. */
  readonly cpuUsPerCopy: number;
}

/** Takes the difference between few and many who are connected, and between many who are silent and many of whom some talk. */
export function capacityModel(few: Taken, many: Taken, talking: Taken): CapacityModel {
  const moreUsers = many.users - few.users;
  const mbPerUser = (many.allMb - few.allMb) / moreUsers;
  const cpuPerUser = Math.max(0, (many.cpuPercent - few.cpuPercent) / moreUsers);
  const copies = talking.packetsOutPerSecond - many.packetsOutPerSecond;
  return {
    baseMb: few.allMb - few.users * mbPerUser,
    kbPerUser: mbPerUser * 1000,
    baseCpuPercent: Math.max(0, few.cpuPercent - few.users * cpuPerUser),
    cpuPercentPerIdleUser: cpuPerUser,
    cpuUsPerCopy: ((talking.cpuPercent - many.cpuPercent) * 10_000) / copies,
  };
}

/** A community: so many connected, of whom so many speak at a time in channels of one size. */
export interface Community {
  readonly users: number;
  readonly membersPerChannel: number;
  readonly speakersPerChannel: number;
}

export interface Needed {
  readonly copiesPerSecond: number;
  /** Processors that are busy all the time. */
  readonly cores: number;
  readonly memoryMb: number;
  /** Voice that goes out, with the headers of UDP and IP. */
  readonly megabitsPerSecond: number;
}

/** Each speaker sends 50 packets a second. */
const PACKETS_PER_SECOND = 50;
/** Of a packet that is forwarded: 80 bytes of Opus at 32 kbit/s, 36 of Parley, 28 of UDP and IPv4. */
const BYTES_PER_COPY = 144;

/** What the model says that a community needs, on one machine however large. */
export function neededFor(model: CapacityModel, { users, membersPerChannel, speakersPerChannel }: Community): Needed {
  const speakers = (users / membersPerChannel) * speakersPerChannel;
  const copiesPerSecond = speakers * PACKETS_PER_SECOND * (membersPerChannel - 1);
  const connectedCores = (model.baseCpuPercent + users * model.cpuPercentPerIdleUser) / 100;
  return {
    copiesPerSecond,
    cores: connectedCores + (copiesPerSecond * model.cpuUsPerCopy) / 1e6,
    memoryMb: model.baseMb + (users * model.kbPerUser) / 1000,
    megabitsPerSecond: (copiesPerSecond * BYTES_PER_COPY * 8) / 1e6,
  };
}
