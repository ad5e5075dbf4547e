/*
 * The yardstick: the same fan-out as Parley's relay, in plain C with recvmmsg and sendmmsg, and nothing that it need not
 * do. It looks a session up by its id, compares the source with the one address that it knows, verifies the session tag
 * where it is built with OpenSSL (-DWITH_TAGS), and sends all but the tag to the others of the channel.
 *
 *   relay SESSIONS LOAD_PORT KEYS batch|single     says {"port":N}, and ends with its standard input
 *
 * With `single` each datagram sent is a call of its own: what no `dgram` can be cheaper than.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef WITH_TAGS
#include <openssl/evp.h>
#endif

#define BATCH 64
#define PACKET_BYTES 2048
#define MAX_MEMBERS 64
#define MIN_BYTES 48
#define MAX_BYTES 1200
#define TAG_BYTES 12
#define KEY_BYTES 16
#define BUFFER_BYTES (8 * 1024 * 1024)

/* As bench/relay-scenario.ts writes them. */
typedef struct {
  uint32_t id;
  uint32_t address;
  uint32_t target;
  uint32_t position;
} session_t;

typedef struct {
  struct sockaddr_in members[MAX_MEMBERS];
  uint32_t count;
} target_t;

static const session_t *sessions;
static const uint8_t *keys;
static uint32_t session_count;
static target_t *targets;
static in_port_t load_port;
static bool is_single;
#ifdef WITH_TAGS
static EVP_CIPHER_CTX **ciphers;
#endif

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static const void *map_file(const char *path, size_t *size) {
  int file = open(path, O_RDONLY);
  struct stat info;
  if (file < 0 || fstat(file, &info) != 0) fail(path);
  void *data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  if (data == MAP_FAILED) fail(path);
  close(file);
  *size = (size_t)info.st_size;
  return data;
}

static void read_sessions(const char *sessions_path, const char *keys_path) {
  size_t size, key_bytes;
  uint32_t target_count = 0;
  sessions = map_file(sessions_path, &size);
  keys = map_file(keys_path, &key_bytes);
  session_count = (uint32_t)(size / sizeof *sessions);
  if (key_bytes < (size_t)session_count * KEY_BYTES) exit(2);
  for (uint32_t index = 0; index < session_count; index += 1) {
    if (sessions[index].target >= target_count) target_count = sessions[index].target + 1;
  }
  targets = calloc(target_count, sizeof *targets);
  for (uint32_t index = 0; index < session_count; index += 1) {
    target_t *target = &targets[sessions[index].target];
    if (sessions[index].position != target->count || target->count == MAX_MEMBERS) exit(2);
    target->members[target->count] =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_port = load_port, .sin_addr.s_addr = sessions[index].address};
    target->count += 1;
  }
#ifdef WITH_TAGS
  ciphers = calloc(session_count, sizeof *ciphers);
  for (uint32_t index = 0; index < session_count; index += 1) {
    ciphers[index] = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex(ciphers[index], EVP_aes_128_gcm(), NULL, keys + (size_t)index * KEY_BYTES, NULL);
  }
#endif
}

static bool has_its_tag(uint32_t session, const uint8_t *packet, uint32_t length) {
#ifdef WITH_TAGS
  uint8_t nonce[12] = {0}, tag[16];
  int size;
  memcpy(nonce + 2, packet + 6, 10);
  EVP_CIPHER_CTX *cipher = ciphers[session];
  if (EVP_EncryptInit_ex(cipher, NULL, NULL, NULL, nonce) != 1 ||
      EVP_EncryptUpdate(cipher, NULL, &size, packet, (int)length - TAG_BYTES) != 1 ||
      EVP_EncryptFinal_ex(cipher, tag, &size) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tag) != 1) {
    return false;
  }
  return memcmp(tag, packet + length - TAG_BYTES, TAG_BYTES) == 0;
#else
  (void)session, (void)packet, (void)length;
  return true;
#endif
}

static int open_socket(void) {
  const int bytes = BUFFER_BYTES, probe = IP_PMTUDISC_PROBE;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (setsockopt(udp, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0) {
    setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
  if (setsockopt(udp, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0) {
    setsockopt(udp, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  }
  setsockopt(udp, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof probe);
  if (bind(udp, (struct sockaddr *)&address, size) != 0) fail("bind");
  getsockname(udp, (struct sockaddr *)&address, &size);
  printf("{\"port\":%u,\"tags\":%s}\n", ntohs(address.sin_port),
#ifdef WITH_TAGS
         "true"
#else
         "false"
#endif
  );
  return udp;
}

static void forward(int udp, const uint8_t *packet, uint32_t length, const struct sockaddr_in *source) {
  static struct mmsghdr out[MAX_MEMBERS];
  if (length < MIN_BYTES || length > MAX_BYTES || packet[0] != 0x50) return;
  uint32_t id;
  memcpy(&id, packet + 6, sizeof id);
  const uint32_t index = ntohl(id) - sessions[0].id;
  if (index >= session_count) return;
  const session_t *session = &sessions[index];
  if (source->sin_addr.s_addr != session->address || source->sin_port != load_port) return;
  if (!has_its_tag(index, packet, length)) return;
  target_t *target = &targets[session->target];
  struct iovec bytes = {(void *)packet, length - TAG_BYTES};
  int count = 0;
  for (uint32_t position = 0; position < target->count; position += 1) {
    if (position == session->position) continue;
    out[count].msg_hdr = (struct msghdr){.msg_name = &target->members[position],
                                         .msg_namelen = sizeof target->members[position],
                                         .msg_iov = &bytes,
                                         .msg_iovlen = 1};
    count += 1;
  }
  for (int done = 0; done < count;) {
    const int sent = is_single ? (sendmsg(udp, &out[done].msg_hdr, MSG_DONTWAIT) < 0 ? -1 : 1)
                               : sendmmsg(udp, out + done, (unsigned int)(count - done), MSG_DONTWAIT);
    if (sent <= 0) return;
    done += sent;
  }
}

int main(int count, char **arguments) {
  static uint8_t packets[BATCH][PACKET_BYTES];
  static struct mmsghdr in[BATCH];
  static struct iovec bytes[BATCH];
  static struct sockaddr_in sources[BATCH];
  if (count != 5) return 2;
  prctl(PR_SET_PDEATHSIG, 9);
  setvbuf(stdout, NULL, _IOLBF, 0);
  load_port = htons((in_port_t)atoi(arguments[2]));
  read_sessions(arguments[1], arguments[3]);
  is_single = strcmp(arguments[4], "single") == 0;
  const int udp = open_socket();
  for (int index = 0; index < BATCH; index += 1) {
    bytes[index] = (struct iovec){packets[index], PACKET_BYTES};
    in[index].msg_hdr = (struct msghdr){.msg_name = &sources[index], .msg_iov = &bytes[index], .msg_iovlen = 1};
  }
  struct pollfd waiting[] = {{.fd = udp, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
  while (poll(waiting, 2, -1) >= 0) {
    if (waiting[1].revents != 0) return 0;
    for (int index = 0; index < BATCH; index += 1) in[index].msg_hdr.msg_namelen = sizeof sources[index];
    const int received = recvmmsg(udp, in, BATCH, 0, NULL);
    for (int index = 0; index < received; index += 1) {
      forward(udp, packets[index], in[index].msg_len, &sources[index]);
    }
  }
  return 1;
}
