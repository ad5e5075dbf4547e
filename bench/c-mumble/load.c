/*
 * Talks and listens for many Mumble clients at once, each at its own loopback address, and looks at each copy that
 * comes: whose key opens it, who has said it, and whether it came before. Its OCB2 is its own, over libcrypto: it shares
 * nothing with the server's. Loopback only.
 *
 *   load CLIENTS SERVER_PORT
 *
 * CLIENTS has one client_t after the other. It takes one command a line, each answered with one line of JSON:
 *
 *   open                                            pings for each client until it is answered
 *   run SPEAKERS RATE WARM_UP_MS DURATION_MS PID    so many speakers of each channel say so much a second
 *
 * The sleep between two looks is short and never ends because of a packet: the server is not to pay for waking us.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

#define TICK_NS 250000
#define BATCH 256
#define PACKET_BYTES 1300
#define OPUS_BYTES 100
#define BLOCK 16
#define SETTLE_NS 500000000ll
#define RECEIVE_BUFFER_BYTES (256 * 1024 * 1024)
#define MAX_SPEAKERS 64
#define PING_INTERVAL_NS 5000000000ll
/* Latency in buckets of 1/64 of a power of two of nanoseconds. */
#define BUCKET_BITS 6
#define BUCKETS (64 << BUCKET_BITS)
#define MAGIC 0x50504c4du

/* As bench/mumble-crowd.ts writes it, in the byte order of the machine. */
typedef struct {
  uint32_t session, address, channel, position;
  uint8_t key[BLOCK], client_nonce[BLOCK], server_nonce[BLOCK];
} client_t;

typedef struct {
  client_t told;
  EVP_CIPHER_CTX *encrypt, *decrypt;
  bool is_open;
  uint32_t next_word;
  /* By speaker of the channel and word: who was heard. */
  uint8_t *heard;
} peer_t;

/* In the Opus packet, which nobody decodes. */
typedef struct {
  uint32_t magic, speaker, word, run;
  uint64_t sent_ns;
} speech_t;

typedef union {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(struct timespec))];
} control_t;

static int udp;
static peer_t *peers;
static uint32_t peer_count, channel_count, *members;
/* By the last 16 bits of the address: the client there, plus 1. */
static uint32_t peer_at[1 << 16];
static struct mmsghdr in[BATCH], out[BATCH];
static struct iovec in_bytes[BATCH], out_bytes[BATCH];
static control_t in_control[BATCH], out_control[BATCH];
static uint8_t in_packets[BATCH][PACKET_BYTES], out_packets[BATCH][PACKET_BYTES];
static struct sockaddr_in server;
static uint32_t waiting;

static struct {
  uint32_t number, speakers, words, first_word;
  uint64_t measured_from_ns, received, unopened, bad, misrouted, duplicates, delivered, latency_count;
  uint32_t latency[BUCKETS];
} run;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

/* ---- OCB2 ---- */

static void encrypt(EVP_CIPHER_CTX *cipher, const uint8_t *from, uint8_t *to) {
  int size;
  if (EVP_EncryptUpdate(cipher, to, &size, from, BLOCK) != 1) fail("encrypt");
}

static void decrypt(EVP_CIPHER_CTX *cipher, const uint8_t *from, uint8_t *to) {
  int size;
  if (EVP_DecryptUpdate(cipher, to, &size, from, BLOCK) != 1) fail("decrypt");
}

static void add(uint8_t *to, const uint8_t *other) {
  for (int index = 0; index < BLOCK; index += 1) to[index] ^= other[index];
}

static void twice(uint8_t *block) {
  const int carry = block[0] >> 7;
  for (int index = 0; index < BLOCK - 1; index += 1) block[index] = (uint8_t)(block[index] << 1 | block[index + 1] >> 7);
  block[BLOCK - 1] = (uint8_t)(block[BLOCK - 1] << 1 ^ (carry ? 0x87 : 0));
}

/* Seals or opens in its place, and writes the tag of the text. What is sealed here has no block of zeros. */
static void ocb2(peer_t *peer, const uint8_t *nonce, uint8_t *text, size_t length, bool is_sealing, uint8_t *tag) {
  uint8_t offset[BLOCK], checksum[BLOCK] = {0}, pad[BLOCK], block[BLOCK];
  encrypt(peer->encrypt, nonce, offset);
  for (; length > BLOCK; text += BLOCK, length -= BLOCK) {
    twice(offset);
    if (is_sealing) add(checksum, text);
    memcpy(block, text, BLOCK);
    add(block, offset);
    if (is_sealing) encrypt(peer->encrypt, block, text);
    else decrypt(peer->decrypt, block, text);
    add(text, offset);
    if (!is_sealing) add(checksum, text);
  }
  twice(offset);
  memcpy(block, offset, BLOCK);
  block[BLOCK - 1] ^= (uint8_t)(8 * length);
  encrypt(peer->encrypt, block, pad);
  for (size_t index = 0; index < length; index += 1) {
    const uint8_t before = text[index];
    text[index] ^= pad[index];
    pad[index] = is_sealing ? before : text[index];
  }
  add(checksum, pad);
  memcpy(block, offset, BLOCK);
  twice(block);
  add(block, offset);
  add(block, checksum);
  encrypt(peer->encrypt, block, tag);
}

static void step(uint8_t *nonce, int by) {
  for (int index = 0, carry = by; index < BLOCK && carry != 0; index += 1) {
    const int sum = nonce[index] + carry;
    nonce[index] = (uint8_t)sum;
    carry = sum >> 8;
  }
}

/* The length of the packet in `packet`, or -1. */
static int open_datagram(peer_t *peer, const uint8_t *datagram, size_t length, uint8_t *packet) {
  uint8_t nonce[BLOCK], tag[BLOCK];
  if (length < 5) return -1;
  memcpy(nonce, peer->told.server_nonce, BLOCK);
  const int by = (int8_t)(uint8_t)(datagram[0] - nonce[0]);
  step(nonce, by);
  memcpy(packet, datagram + 4, length - 4);
  ocb2(peer, nonce, packet, length - 4, false, tag);
  if (memcmp(tag, datagram + 1, 3) != 0) return -1;
  if (by > 0) memcpy(peer->told.server_nonce, nonce, BLOCK);
  return (int)length - 4;
}

/* ---- Packets ---- */

static size_t write_number(uint8_t *to, uint32_t value) {
  if (value < 0x80) return to[0] = (uint8_t)value, 1;
  if (value < 0x4000) return to[0] = (uint8_t)(0x80 | value >> 8), to[1] = (uint8_t)value, 2;
  to[0] = 0xf0;
  for (int index = 0; index < 4; index += 1) to[1 + index] = (uint8_t)(value >> (24 - 8 * index));
  return 5;
}

/* Where what follows begins, or NULL. */
static const uint8_t *read_number(const uint8_t *from, const uint8_t *end, uint32_t *value) {
  if (from >= end) return NULL;
  const int bytes = *from < 0x80 ? 1 : *from < 0xc0 ? 2 : *from < 0xe0 ? 3 : *from < 0xf0 ? 4 : 5;
  const uint8_t mask[] = {0, 0x7f, 0x3f, 0x1f, 0x0f, 0};
  if (end - from < bytes || *from > 0xf0) return NULL;
  *value = *from & mask[bytes];
  for (int index = 1; index < bytes; index += 1) *value = *value << 8 | from[index];
  return from + bytes;
}

static void flush_out(void) {
  for (uint32_t done = 0; done < waiting;) {
    const int sent = sendmmsg(udp, out + done, waiting - done, 0);
    if (sent <= 0) fail("sendmmsg");
    done += (uint32_t)sent;
  }
  waiting = 0;
}

/* Seals what is behind the first four bytes of the next place of `out_packets`. */
static void send_packet(peer_t *peer, size_t length) {
  uint8_t *datagram = out_packets[waiting], tag[BLOCK];
  step(peer->told.client_nonce, 1);
  ocb2(peer, peer->told.client_nonce, datagram + 4, length, true, tag);
  datagram[0] = peer->told.client_nonce[0];
  memcpy(datagram + 1, tag, 3);
  out_bytes[waiting].iov_len = length + 4;
  ((struct in_pktinfo *)CMSG_DATA(&out_control[waiting].header))->ipi_spec_dst.s_addr = peer->told.address;
  waiting += 1;
  if (waiting == BATCH) flush_out();
}

static void send_ping(peer_t *peer) {
  uint8_t *packet = out_packets[waiting] + 4;
  packet[0] = 0x20;
  send_packet(peer, 1 + write_number(packet + 1, (uint32_t)now_ns()));
}

static void send_speech(uint32_t speaker, uint64_t sent_ns) {
  peer_t *peer = &peers[speaker];
  uint8_t *packet = out_packets[waiting] + 4;
  packet[0] = 0x80;
  size_t end = 1 + write_number(packet + 1, peer->next_word);
  end += write_number(packet + end, OPUS_BYTES);
  const speech_t speech = {MAGIC, speaker, peer->next_word, run.number, sent_ns};
  memset(packet + end, 0x5a, OPUS_BYTES);
  memcpy(packet + end, &speech, sizeof speech);
  peer->next_word += 1;
  send_packet(peer, end + OPUS_BYTES);
}

static void note_latency(uint64_t latency_ns) {
  if (latency_ns < 1 << BUCKET_BITS) latency_ns = 1 << BUCKET_BITS;
  const int octave = 63 - __builtin_clzll(latency_ns);
  run.latency[(octave << BUCKET_BITS) + ((latency_ns >> (octave - BUCKET_BITS)) & ((1 << BUCKET_BITS) - 1))] += 1;
  run.latency_count += 1;
}

static double latency_us(double share) {
  uint64_t below = 0;
  for (int bucket = 0; bucket < BUCKETS; bucket += 1) {
    below += run.latency[bucket];
    if ((double)below < share * (double)run.latency_count || below == 0) continue;
    const int octave = bucket >> BUCKET_BITS, place = bucket & ((1 << BUCKET_BITS) - 1);
    return (double)(1ull << octave) * (1 + (place + 1) / (double)(1 << BUCKET_BITS)) / 1000;
  }
  return 0;
}

static void note_speech(peer_t *peer, const uint8_t *packet, int length, uint64_t arrived_ns) {
  const uint8_t *end = packet + length;
  uint32_t session, frame, opus;
  speech_t speech;
  const uint8_t *at = packet[0] == 0x80 ? read_number(packet + 1, end, &session) : NULL;
  if (at != NULL) at = read_number(at, end, &frame);
  if (at != NULL) at = read_number(at, end, &opus);
  if (at == NULL || opus != OPUS_BYTES || end - at != OPUS_BYTES) {
    run.bad += 1;
    return;
  }
  memcpy(&speech, at, sizeof speech);
  if (speech.magic != MAGIC || speech.speaker >= peer_count || peers[speech.speaker].told.session != session ||
      speech.word != frame) {
    run.bad += 1;
    return;
  }
  const peer_t *speaker = &peers[speech.speaker];
  if (speaker == peer || speaker->told.channel != peer->told.channel) {
    run.misrouted += 1;
    return;
  }
  if (speech.run != run.number) return;
  run.received += 1;
  if (speech.word < run.first_word) return;
  const uint32_t word = speech.word - run.first_word;
  if (word >= run.words || peer->heard == NULL) return;
  uint8_t *seen = &peer->heard[(size_t)speaker->told.position * run.words + word];
  if (*seen) run.duplicates += 1;
  else run.delivered += 1;
  *seen = 1;
  note_latency(arrived_ns > speech.sent_ns ? arrived_ns - speech.sent_ns : 0);
}

static void note_datagram(int place) {
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
  const uint32_t at = peer_at[ntohl(destination) & 0xffff];
  uint8_t packet[PACKET_BYTES];
  const int length = at == 0 ? -1 : open_datagram(&peers[at - 1], in_packets[place], in[place].msg_len, packet);
  if (length < 1) run.unopened += 1;
  else if (packet[0] == 0x20) peers[at - 1].is_open = true;
  else note_speech(&peers[at - 1], packet, length, arrived_ns);
}

static void drain(void) {
  for (;;) {
    for (int index = 0; index < BATCH; index += 1) in[index].msg_hdr.msg_controllen = sizeof(control_t);
    const int count = recvmmsg(udp, in, BATCH, MSG_DONTWAIT, NULL);
    for (int place = 0; place < count; place += 1) note_datagram(place);
    if (count < BATCH) return;
  }
}

static void rest(void) {
  const struct timespec tick = {0, TICK_NS};
  clock_nanosleep(CLOCK_MONOTONIC, 0, &tick, NULL);
}

/* ---- The machine ---- */

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

static uint64_t busy_ticks(void) {
  unsigned long long user, nice, system, idle, wait, irq, softirq;
  FILE *file = fopen("/proc/stat", "r");
  if (file == NULL) return 0;
  const int read = fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &wait, &irq, &softirq);
  fclose(file);
  return read == 7 ? user + nice + system + irq + softirq : 0;
}

static uint32_t own_drops(void) {
  uint32_t info[SK_MEMINFO_VARS] = {0};
  socklen_t size = sizeof info;
  getsockopt(udp, SOL_SOCKET, SO_MEMINFO, info, &size);
  return info[SK_MEMINFO_DROPS];
}

/* ---- Commands ---- */

static void open_all(void) {
  uint32_t open = 0;
  for (int round = 0; round < 100 && open < peer_count; round += 1) {
    uint32_t asked = 0;
    for (uint32_t index = 0; index < peer_count && asked < 64; index += 1) {
      if (peers[index].is_open) continue;
      send_ping(&peers[index]);
      asked += 1;
    }
    flush_out();
    for (int tick = 0; tick < 40; tick += 1) {
      rest();
      drain();
    }
    open = 0;
    for (uint32_t index = 0; index < peer_count; index += 1) open += peers[index].is_open;
  }
  printf("{\"opened\":%u}\n", open);
}

/* The speakers of a channel are its first: word by word, all of them in turn, so that they are one even stream. */
static void talk(uint32_t speakers, double rate, uint64_t warm_up_ns, uint64_t duration_ns, int pid) {
  memset(&run.measured_from_ns, 0, sizeof run - offsetof(typeof(run), measured_from_ns));
  run.number += 1;
  run.speakers = speakers;
  uint32_t *voices = calloc(peer_count, sizeof *voices), voice_count = 0;
  for (uint32_t position = 0; position < speakers; position += 1) {
    for (uint32_t index = 0; index < peer_count; index += 1) {
      if (peers[index].told.position == position) voices[voice_count++] = index;
    }
  }
  const uint32_t warm_words = (uint32_t)(rate * (double)warm_up_ns / 1e9);
  run.words = (uint32_t)(rate * (double)duration_ns / 1e9);
  /* All have said as much as each other. */
  run.first_word = peers[voices[0]].next_word + warm_words;
  for (uint32_t index = 0; index < voice_count; index += 1) peers[voices[index]].next_word = run.first_word - warm_words;
  for (uint32_t index = 0; index < peer_count; index += 1) peers[index].heard = calloc((size_t)speakers * run.words, 1);
  const uint64_t warm = (uint64_t)warm_words * voice_count, all = (uint64_t)(warm_words + run.words) * voice_count;
  const double interval_ns = 1e9 / (rate * voice_count);
  const uint32_t drops = own_drops();
  const uint64_t start = now_ns();
  double latest_ns = 0;
  uint64_t sent = 0, cpu = 0, own_cpu = 0, busy = 0, received = 0, pinged_ns = start;
  uint32_t ping_at = 0;
  while (sent < all) {
    const uint64_t now = now_ns();
    if (run.measured_from_ns == 0 && sent >= warm) {
      run.measured_from_ns = now;
      received = run.received;
      cpu = cpu_ns_of(pid);
      own_cpu = cpu_ns_of(getpid());
      busy = busy_ticks();
    }
    const uint64_t limit = run.measured_from_ns == 0 ? warm : all;
    while (sent < limit && (double)sent * interval_ns <= (double)(now - start)) {
      const double late_ns = (double)(now - start) - (double)sent * interval_ns;
      if (run.measured_from_ns != 0 && late_ns > latest_ns) latest_ns = late_ns;
      send_speech(voices[sent % voice_count], now);
      sent += 1;
    }
    for (; pinged_ns + PING_INTERVAL_NS / peer_count <= now; pinged_ns += PING_INTERVAL_NS / peer_count) {
      send_ping(&peers[ping_at]);
      ping_at = (ping_at + 1) % peer_count;
    }
    flush_out();
    drain();
    rest();
  }
  const double window_ns = (double)(now_ns() - run.measured_from_ns);
  received = run.received - received;
  cpu = cpu_ns_of(pid) - cpu;
  own_cpu = cpu_ns_of(getpid()) - own_cpu;
  busy = busy_ticks() - busy;
  for (const uint64_t end = now_ns() + SETTLE_NS; now_ns() < end;) {
    drain();
    rest();
  }
  uint64_t expected = 0;
  for (uint32_t index = 0; index < voice_count; index += 1) {
    expected += (uint64_t)run.words * (members[peers[voices[index]].told.channel] - 1);
  }
  for (uint32_t index = 0; index < peer_count; index += 1) {
    free(peers[index].heard);
    peers[index].heard = NULL;
  }
  free(voices);
  printf("{\"windowMs\":%.1f,\"expected\":%llu,\"delivered\":%llu,\"receivedInWindow\":%llu,\"unopened\":%llu,\"bad\":%llu,"
         "\"misrouted\":%llu,\"duplicates\":%llu,\"ownDrops\":%u,\"serverCpuMs\":%.3f,\"ownCpuMs\":%.3f,\"busyMs\":%.1f,"
         "\"latestSendMs\":%.3f,\"latencyUs\":{\"p50\":%.1f,\"p95\":%.1f,\"p99\":%.1f,\"p999\":%.1f}}\n",
         window_ns / 1e6, (unsigned long long)expected, (unsigned long long)run.delivered, (unsigned long long)received,
         (unsigned long long)run.unopened, (unsigned long long)run.bad, (unsigned long long)run.misrouted,
         (unsigned long long)run.duplicates, own_drops() - drops, (double)cpu / 1e6, (double)own_cpu / 1e6,
         (double)busy * 1e3 / (double)sysconf(_SC_CLK_TCK), latest_ns / 1e6, latency_us(0.5), latency_us(0.95),
         latency_us(0.99), latency_us(0.999));
}

static EVP_CIPHER_CTX *cipher_of(const uint8_t *key, int direction) {
  EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
  if (cipher == NULL || EVP_CipherInit_ex(cipher, EVP_aes_128_ecb(), NULL, key, NULL, direction) != 1) fail("cipher");
  EVP_CIPHER_CTX_set_padding(cipher, 0);
  return cipher;
}

static void read_clients(const char *path) {
  FILE *file = fopen(path, "rb");
  client_t told;
  if (file == NULL) fail(path);
  while (fread(&told, sizeof told, 1, file) == 1) {
    peers = realloc(peers, (peer_count + 1) * sizeof *peers);
    peers[peer_count] = (peer_t){.told = told, .encrypt = cipher_of(told.key, 1), .decrypt = cipher_of(told.key, 0)};
    peer_count += 1;
    peer_at[ntohl(told.address) & 0xffff] = peer_count;
    if (told.channel >= channel_count) channel_count = told.channel + 1;
  }
  fclose(file);
  members = calloc(channel_count, sizeof *members);
  for (uint32_t index = 0; index < peer_count; index += 1) members[peers[index].told.channel] += 1;
}

static void open_socket(void) {
  const int yes = 1, bytes = RECEIVE_BUFFER_BYTES;
  struct sockaddr_in address = {.sin_family = AF_INET};
  udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (setsockopt(udp, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0) {
    setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
  setsockopt(udp, IPPROTO_IP, IP_PKTINFO, &yes, sizeof yes);
  setsockopt(udp, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes);
  if (bind(udp, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
  for (int index = 0; index < BATCH; index += 1) {
    in_bytes[index] = (struct iovec){in_packets[index], PACKET_BYTES};
    in[index].msg_hdr = (struct msghdr){.msg_iov = &in_bytes[index], .msg_iovlen = 1, .msg_control = &in_control[index]};
    out_bytes[index] = (struct iovec){out_packets[index], 0};
    out[index].msg_hdr = (struct msghdr){.msg_name = &server,
                                         .msg_namelen = sizeof server,
                                         .msg_iov = &out_bytes[index],
                                         .msg_iovlen = 1,
                                         .msg_control = &out_control[index],
                                         .msg_controllen = CMSG_SPACE(sizeof(struct in_pktinfo))};
    out_control[index].header = (struct cmsghdr){
        .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO, .cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo))};
  }
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  prctl(PR_SET_PDEATHSIG, 9);
  prctl(PR_SET_TIMERSLACK, 1000);
  setvbuf(stdout, NULL, _IOLBF, 0);
  read_clients(arguments[1]);
  open_socket();
  server = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons((uint16_t)atoi(arguments[2]))};
  char line[256];
  unsigned int speakers, warm_up_ms, duration_ms;
  double rate;
  int pid;
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (strcmp(line, "open\n") == 0) {
      open_all();
    } else if (sscanf(line, "run %u %lf %u %u %d", &speakers, &rate, &warm_up_ms, &duration_ms, &pid) == 5 &&
               speakers > 0 && speakers <= MAX_SPEAKERS && rate * duration_ms >= 1000) {
      talk(speakers, rate, warm_up_ms * 1000000ull, duration_ms * 1000000ull, pid);
    } else {
      printf("{\"error\":\"unknown command\"}\n");
    }
  }
  return 0;
}
