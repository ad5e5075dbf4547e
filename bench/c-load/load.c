/*
 * Talks and listens for many sessions at once, each at its own loopback address, and counts what each of them gets.
 * The packets come ready made from a file, so that this costs as little as it can. Loopback only.
 *
 *   load SESSIONS
 *
 * It says {"port":N} and then takes one command a line, each answered with one line of JSON:
 *
 *   exchange SERVER_PORT RECORDS REPLIES     sends all records, writes the packets that are answered into REPLIES
 *   run SERVER_PORT RECORDS PID WARM_UP_MS   sends each record when it is due and counts; CPU time is that of PID
 *
 * The sleep between two looks is short and never ends because of a packet: the server is not to pay for waking us.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS 250000
#define BATCH 256
#define PACKET_BYTES 1300
#define TAG_BYTES 12
#define REPLY_BYTES 44
#define EXCHANGE_INTERVAL_NS 20000
#define SETTLE_NS 500000000ll
#define RECEIVE_BUFFER_BYTES (256 * 1024 * 1024)
/* Latency in buckets of 1/64 of a power of two of nanoseconds. */
#define BUCKET_BITS 6
#define BUCKETS (64 << BUCKET_BITS)

/* As bench/relay-scenario.ts writes them, in the byte order of the machine. */
typedef struct {
  uint32_t id;
  /* Network order. */
  uint32_t address;
  uint32_t target;
  /* Its place among those of the target. */
  uint32_t position;
} session_t;

typedef struct {
  uint64_t due_ns;
  uint32_t session;
  uint32_t length;
  uint8_t bytes[];
} record_t;

typedef struct {
  uint32_t count;
  uint32_t stride;
  uint8_t records[];
} record_file_t;

typedef struct {
  uint64_t sent_ns;
  /* Who has had it, by position. */
  uint64_t heard_by;
} fate_t;

typedef union {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(struct timespec))];
} control_t;

static int udp;
static const session_t *sessions;
static uint32_t session_count;
/* By the last 22 bits of the address: the session there, plus 1. */
static uint32_t *session_at;
/* By target: how many sessions it has. */
static uint32_t *members;
static uint32_t target_count;

static struct mmsghdr in[BATCH], out[BATCH];
static struct iovec in_bytes[BATCH], out_bytes[BATCH];
static control_t in_control[BATCH], out_control[BATCH];
static uint8_t packets[BATCH][PACKET_BYTES];
static struct sockaddr_in server;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

static void *map_file(const char *path, size_t *size) {
  int file = open(path, O_RDONLY);
  struct stat info;
  if (file < 0 || fstat(file, &info) != 0) fail(path);
  void *data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  if (data == MAP_FAILED) fail(path);
  close(file);
  *size = (size_t)info.st_size;
  return data;
}

static uint32_t place_of(uint32_t address) { return ntohl(address) & 0x3fffff; }

static void read_sessions(const char *path) {
  size_t size;
  sessions = map_file(path, &size);
  session_count = (uint32_t)(size / sizeof *sessions);
  session_at = calloc(1 << 22, sizeof *session_at);
  for (uint32_t index = 0; index < session_count; index += 1) {
    session_at[place_of(sessions[index].address)] = index + 1;
    if (sessions[index].target >= target_count) target_count = sessions[index].target + 1;
  }
  members = calloc(target_count, sizeof *members);
  for (uint32_t index = 0; index < session_count; index += 1) members[sessions[index].target] += 1;
}

static uint16_t open_socket(void) {
  const int yes = 1, bytes = RECEIVE_BUFFER_BYTES;
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t size = sizeof address;
  udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (setsockopt(udp, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0) {
    setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
  setsockopt(udp, IPPROTO_IP, IP_PKTINFO, &yes, sizeof yes);
  setsockopt(udp, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes);
  if (bind(udp, (struct sockaddr *)&address, size) != 0) fail("bind");
  getsockname(udp, (struct sockaddr *)&address, &size);
  for (int index = 0; index < BATCH; index += 1) {
    in_bytes[index] = (struct iovec){packets[index], PACKET_BYTES};
    in[index].msg_hdr = (struct msghdr){.msg_iov = &in_bytes[index], .msg_iovlen = 1, .msg_control = &in_control[index]};
    out[index].msg_hdr = (struct msghdr){.msg_name = &server,
                                         .msg_namelen = sizeof server,
                                         .msg_iov = &out_bytes[index],
                                         .msg_iovlen = 1,
                                         .msg_control = &out_control[index],
                                         .msg_controllen = CMSG_SPACE(sizeof(struct in_pktinfo))};
    out_control[index].header = (struct cmsghdr){
        .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO, .cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo))};
  }
  return ntohs(address.sin_port);
}

static const record_t *record_at(const record_file_t *file, uint32_t index) {
  return (const record_t *)(file->records + (size_t)index * file->stride);
}

/* Sends records from `first` on, a batch at most. */
static uint32_t send_records(const record_file_t *file, uint32_t first, uint32_t count) {
  if (count > BATCH) count = BATCH;
  for (uint32_t index = 0; index < count; index += 1) {
    const record_t *record = record_at(file, first + index);
    out_bytes[index] = (struct iovec){(void *)record->bytes, record->length};
    ((struct in_pktinfo *)CMSG_DATA(&out_control[index].header))->ipi_spec_dst.s_addr =
        sessions[record->session].address;
  }
  int sent = sendmmsg(udp, out, count, 0);
  return sent > 0 ? (uint32_t)sent : 0;
}

static int receive_batch(void) {
  for (int index = 0; index < BATCH; index += 1) in[index].msg_hdr.msg_controllen = sizeof(control_t);
  return recvmmsg(udp, in, BATCH, MSG_DONTWAIT, NULL);
}

static void rest(void) {
  const struct timespec tick = {0, TICK_NS};
  clock_nanosleep(CLOCK_MONOTONIC, 0, &tick, NULL);
}

/* ---- exchange ---- */

static void exchange(const char *records_path, const char *replies_path) {
  size_t size;
  const record_file_t *file = map_file(records_path, &size);
  FILE *replies = fopen(replies_path, "wb");
  if (replies == NULL) fail(replies_path);
  uint32_t sent = 0, answered = 0;
  const uint64_t start = now_ns();
  while (answered < file->count && now_ns() < start + file->count * EXCHANGE_INTERVAL_NS + 2 * SETTLE_NS) {
    uint64_t due = (now_ns() - start) / EXCHANGE_INTERVAL_NS + 1;
    if (due > file->count) due = file->count;
    while (sent < due) sent += send_records(file, sent, (uint32_t)due - sent);
    for (int count; (count = receive_batch()) > 0;) {
      for (int index = 0; index < count; index += 1) {
        if (in[index].msg_len != REPLY_BYTES) continue;
        fwrite(packets[index], REPLY_BYTES, 1, replies);
        answered += 1;
      }
    }
    rest();
  }
  fclose(replies);
  munmap((void *)file, size);
  printf("{\"sent\":%u,\"answered\":%u}\n", sent, answered);
}

/* ---- run ---- */

typedef struct {
  const record_file_t *file;
  fate_t *fates;
  /* For each session the counter of its first record, and where the indices of its records begin in `by_session`. */
  uint64_t *first_counter;
  uint32_t *first_record;
  uint32_t *by_session;
  uint64_t received, bad, misrouted, duplicates;
  uint64_t measured_from_ns;
  uint32_t latency[BUCKETS];
  uint64_t latency_count;
} run_t;

static uint64_t counter_of(const uint8_t *packet) {
  uint64_t counter = 0;
  for (int index = 10; index < 16; index += 1) counter = counter << 8 | packet[index];
  return counter;
}

static bool is_voice(const uint8_t *packet) { return packet[0] == 0x50; }

/* The voice records of each session have counters without gaps. */
static void index_records(run_t *run) {
  run->fates = calloc(run->file->count + 1, sizeof *run->fates);
  run->first_counter = calloc(session_count, sizeof *run->first_counter);
  run->first_record = calloc(session_count + 1, sizeof *run->first_record);
  run->by_session = calloc(run->file->count + 1, sizeof *run->by_session);
  for (uint32_t index = 0; index < run->file->count; index += 1) {
    run->first_record[record_at(run->file, index)->session + 1] += 1;
  }
  for (uint32_t session = 0; session < session_count; session += 1) {
    run->first_record[session + 1] += run->first_record[session];
  }
  uint32_t *filled = calloc(session_count, sizeof *filled);
  for (uint32_t index = 0; index < run->file->count; index += 1) {
    const record_t *record = record_at(run->file, index);
    const uint32_t session = record->session;
    if (filled[session] == 0) run->first_counter[session] = counter_of(record->bytes);
    run->by_session[run->first_record[session] + filled[session]] = index;
    filled[session] += 1;
  }
  free(filled);
}

/* The sender is found by its id, which is its index plus that of the first session. */
static int64_t record_of(const run_t *run, const uint8_t *packet) {
  uint32_t id;
  memcpy(&id, packet + 6, sizeof id);
  const uint32_t session = ntohl(id) - sessions[0].id;
  if (session >= session_count) return -1;
  const uint64_t offset = counter_of(packet) - run->first_counter[session];
  if (offset >= run->first_record[session + 1] - run->first_record[session]) return -1;
  return run->by_session[run->first_record[session] + offset];
}

static void note_latency(run_t *run, uint64_t latency_ns) {
  if (latency_ns < 1 << BUCKET_BITS) latency_ns = 1 << BUCKET_BITS;
  const int octave = 63 - __builtin_clzll(latency_ns);
  run->latency[(octave << BUCKET_BITS) + ((latency_ns >> (octave - BUCKET_BITS)) & ((1 << BUCKET_BITS) - 1))] += 1;
  run->latency_count += 1;
}

static double latency_us(const run_t *run, double share) {
  uint64_t below = 0;
  for (int bucket = 0; bucket < BUCKETS; bucket += 1) {
    below += run->latency[bucket];
    if ((double)below < share * (double)run->latency_count || below == 0) continue;
    const int octave = bucket >> BUCKET_BITS, step = bucket & ((1 << BUCKET_BITS) - 1);
    return (double)(1ull << octave) * (1 + (step + 1) / (double)(1 << BUCKET_BITS)) / 1000;
  }
  return 0;
}

static void note_packet(run_t *run, int place) {
  const uint8_t *packet = packets[place];
  if (in[place].msg_len == REPLY_BYTES && packet[0] == 0x52) return;
  const int64_t index = record_of(run, packet);
  const record_t *record = index < 0 ? NULL : record_at(run->file, (uint32_t)index);
  if (record == NULL || in[place].msg_len != record->length - TAG_BYTES ||
      memcmp(packet, record->bytes, record->length - TAG_BYTES) != 0) {
    run->bad += 1;
    return;
  }
  uint32_t destination = 0;
  uint64_t arrived_ns = 0;
  for (struct cmsghdr *part = CMSG_FIRSTHDR(&in[place].msg_hdr); part; part = CMSG_NXTHDR(&in[place].msg_hdr, part)) {
    if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
      destination = ((struct in_pktinfo *)CMSG_DATA(part))->ipi_addr.s_addr;
    } else if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SO_TIMESTAMPNS) {
      struct timespec *time = (struct timespec *)CMSG_DATA(part);
      arrived_ns = (uint64_t)time->tv_sec * 1000000000ull + (uint64_t)time->tv_nsec;
    }
  }
  const uint32_t at = session_at[place_of(destination)];
  fate_t *fate = &run->fates[index];
  if (at == 0 || at - 1 == record->session || sessions[at - 1].target != sessions[record->session].target) {
    run->misrouted += 1;
    return;
  }
  const uint64_t bit = 1ull << sessions[at - 1].position;
  if (fate->heard_by & bit) run->duplicates += 1;
  fate->heard_by |= bit;
  run->received += 1;
  if (fate->sent_ns >= run->measured_from_ns) note_latency(run, arrived_ns > fate->sent_ns ? arrived_ns - fate->sent_ns : 0);
}

static void drain(run_t *run) {
  for (int count; (count = receive_batch()) > 0;) {
    for (int place = 0; place < count; place += 1) note_packet(run, place);
    if (count < BATCH) return;
  }
}

/* Nanoseconds that all threads of the process have run. */
static uint64_t cpu_ns_of(int pid) {
  char path[300];
  uint64_t total = 0;
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *tasks = opendir(path);
  if (tasks == NULL) return 0;
  for (struct dirent *task; (task = readdir(tasks));) {
    if (task->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, task->d_name);
    FILE *file = fopen(path, "r");
    unsigned long long ran;
    if (file == NULL) continue;
    if (fscanf(file, "%llu", &ran) == 1) total += ran;
    fclose(file);
  }
  closedir(tasks);
  return total;
}

/* Clock ticks that all processors were busy, and those that were taken from this machine. */
static void busy_ticks(uint64_t *busy, uint64_t *stolen) {
  unsigned long long user, nice, system, idle, wait, irq, softirq, steal;
  FILE *file = fopen("/proc/stat", "r");
  *busy = *stolen = 0;
  if (file == NULL) return;
  if (fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &wait, &irq, &softirq,
             &steal) == 8) {
    *busy = user + nice + system + irq + softirq;
    *stolen = steal;
  }
  fclose(file);
}

static long resident_kb(int pid) {
  char path[64];
  long size, resident = 0;
  snprintf(path, sizeof path, "/proc/%d/statm", pid);
  FILE *file = fopen(path, "r");
  if (file == NULL) return 0;
  if (fscanf(file, "%ld %ld", &size, &resident) != 2) resident = 0;
  fclose(file);
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static uint32_t own_drops(void) {
  uint32_t info[SK_MEMINFO_VARS] = {0};
  socklen_t size = sizeof info;
  getsockopt(udp, SOL_SOCKET, SO_MEMINFO, info, &size);
  return info[SK_MEMINFO_DROPS];
}

static void measure(const char *path, int pid, uint64_t warm_up_ns) {
  size_t size;
  run_t *run = calloc(1, sizeof *run);
  run->file = map_file(path, &size);
  run->measured_from_ns = UINT64_MAX;
  index_records(run);
  const uint32_t drops_before = own_drops();
  const uint64_t start = now_ns() + 10000000;
  uint64_t cpu = 0, received = 0, latest_ns = 0, window_ns = 0, own_cpu = 0, busy = 0, stolen = 0;
  uint32_t sent = 0, first_measured = 0;
  while (sent < run->file->count) {
    const uint64_t now = now_ns();
    if (run->measured_from_ns == UINT64_MAX && now >= start + warm_up_ns) {
      drain(run);
      run->measured_from_ns = now_ns();
      first_measured = sent;
      received = run->received;
      cpu = cpu_ns_of(pid);
      own_cpu = cpu_ns_of(getpid());
      busy_ticks(&busy, &stolen);
    }
    uint32_t due = sent;
    while (due < run->file->count && start + record_at(run->file, due)->due_ns <= now) due += 1;
    while (sent < due) {
      const uint64_t time = now_ns();
      const uint32_t count = due - sent > BATCH ? BATCH : due - sent;
      for (uint32_t index = 0; index < count; index += 1) run->fates[sent + index].sent_ns = time;
      const uint64_t late = time - start - record_at(run->file, sent)->due_ns;
      if (run->measured_from_ns != UINT64_MAX && late > latest_ns) latest_ns = late;
      sent += send_records(run->file, sent, count);
    }
    drain(run);
    rest();
  }
  uint64_t busy_after, stolen_after;
  busy_ticks(&busy_after, &stolen_after);
  cpu = cpu_ns_of(pid) - cpu;
  own_cpu = cpu_ns_of(getpid()) - own_cpu;
  drain(run);
  received = run->received - received;
  window_ns = now_ns() - run->measured_from_ns;
  const uint64_t end = now_ns() + SETTLE_NS;
  while (now_ns() < end) {
    drain(run);
    rest();
  }
  uint64_t expected = 0, delivered = 0, packets_in = 0;
  for (uint32_t index = first_measured; index < run->file->count; index += 1) {
    const record_t *record = record_at(run->file, index);
    if (!is_voice(record->bytes)) continue;
    packets_in += 1;
    expected += members[sessions[record->session].target] - 1;
    delivered += (uint64_t)__builtin_popcountll(run->fates[index].heard_by);
  }
  const double ns_per_tick = 1e9 / (double)sysconf(_SC_CLK_TCK);
  printf("{\"windowMs\":%.1f,\"packetsIn\":%llu,\"expected\":%llu,\"delivered\":%llu,\"receivedInWindow\":%llu,"
         "\"bad\":%llu,\"misrouted\":%llu,\"duplicates\":%llu,\"ownDrops\":%u,\"serverCpuMs\":%.3f,\"ownCpuMs\":%.3f,"
         "\"busyMs\":%.1f,\"stolenMs\":%.1f,\"latestSendMs\":%.3f,\"residentKb\":%ld,"
         "\"latencyUs\":{\"p50\":%.1f,\"p95\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}}\n",
         (double)window_ns / 1e6, (unsigned long long)packets_in, (unsigned long long)expected,
         (unsigned long long)delivered, (unsigned long long)received, (unsigned long long)run->bad,
         (unsigned long long)run->misrouted, (unsigned long long)run->duplicates, own_drops() - drops_before,
         (double)cpu / 1e6, (double)own_cpu / 1e6, (double)(busy_after - busy) * ns_per_tick / 1e6,
         (double)(stolen_after - stolen) * ns_per_tick / 1e6, (double)latest_ns / 1e6, resident_kb(pid),
         latency_us(run, 0.5), latency_us(run, 0.95), latency_us(run, 0.99), latency_us(run, 0.999), latency_us(run, 1));
  munmap((void *)run->file, size);
  free(run->fates);
  free(run->first_counter);
  free(run->first_record);
  free(run->by_session);
  free(run);
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  prctl(PR_SET_PDEATHSIG, 9);
  prctl(PR_SET_TIMERSLACK, 1000);
  setvbuf(stdout, NULL, _IOLBF, 0);
  read_sessions(arguments[1]);
  printf("{\"port\":%u}\n", open_socket());
  server = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  char line[1024], records[400], replies[400];
  int port, pid, warm_up_ms;
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (sscanf(line, "exchange %d %399s %399s", &port, records, replies) == 3) {
      server.sin_port = htons((uint16_t)port);
      exchange(records, replies);
    } else if (sscanf(line, "run %d %399s %d %d", &port, records, &pid, &warm_up_ms) == 4) {
      server.sin_port = htons((uint16_t)port);
      measure(records, pid, (uint64_t)warm_up_ms * 1000000);
    } else {
      printf("{\"error\":\"unknown command\"}\n");
    }
  }
  return 0;
}
