/* A socket of the addon, as the parts of the addon share it. */
#ifndef PARLEY_UDP_SOCKET_H
#define PARLEY_UDP_SOCKET_H

#ifndef NAPI_VERSION
#define NAPI_VERSION 8
#endif

/* struct mmsghdr */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <node_api.h>
#include <uv.h>

/* Datagrams read at once. */
#define BATCH 64
/* More than the longest packet. What is longer is cut, and its true length told. */
#define PACKET_BYTES 2048
/* The kernel's own limit for one sendmmsg. */
#define MAX_SENDS 1024
#define MAX_SLOTS (1u << 20)

/* What a script reads of each datagram: its length, and port, address and scope of its source. */
enum { ROW_LENGTH, ROW_PORT, ROW_ADDRESS, ROW_SCOPE = ROW_ADDRESS + 4, ROW_WORDS };

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} address_t;

/* What seals datagrams for the slots of a socket; NULL where it seals none. */
typedef struct seals seals_t;

typedef struct {
  napi_env env;
  napi_ref on_batch;
  napi_ref receiver;
  napi_async_cleanup_hook_handle cleanup;
  uv_poll_t poll;
  /* What still points here; the memory is freed with the last. */
  int references;
  /* -1 once it is closed. */
  int fd;
  sa_family_t family;
  socklen_t address_bytes;

  /* By slot; the family is 0 where there is no endpoint. */
  address_t *endpoints;
  uint32_t slot_count;
  seals_t *seals;

  double received, sent, congested, errors;

  struct mmsghdr out[MAX_SENDS];
  struct iovec out_bytes;

  struct mmsghdr in[BATCH];
  struct iovec in_bytes[BATCH];
  address_t sources[BATCH];
  int batch_count;
  uint32_t rows[BATCH][ROW_WORDS];
  uint8_t packets[BATCH][PACKET_BYTES];
} udp_socket_t;

/* Arguments: each `read_` returns false with an exception pending. */
napi_value throw_system(napi_env env, const char *what, int error);
bool refuse(napi_env env, const char *message);
udp_socket_t *read_call(napi_env env, napi_callback_info info, size_t count, napi_value *arguments);
bool read_integer(napi_env env, napi_value value, double min, double max, int64_t *result);
bool read_array(napi_env env, napi_value value, napi_typedarray_type wanted, void **data, size_t *length);

/* Makes an array of `count` places large enough for the slot, and returns it; new places are 0. NULL where there is no memory: then it stays as it was. */
void *make_room(void *array, uint32_t *count, size_t size, int64_t slot);

/* Sends so many messages. An error of one skips that one; where the system has no room the rest is dropped. */
void hand_over(udp_socket_t *udp, struct mmsghdr *messages, unsigned int count);

bool add_function(udp_socket_t *udp, napi_value object, const char *name, napi_callback callback);

#endif
