/*
 * One call from JavaScript seals a packet for many and sends it. A slot has its own key and nonces, beside the endpoint
 * that the socket keeps for it; nobody else sees them.
 */
#define _GNU_SOURCE

#include "sealed-udp.h"

#include <errno.h>
#include <stdlib.h>

#include "crypt-state.h"

/* Datagrams sealed before they are handed over: few enough to stay in the processor's cache. */
#define SEAL_BATCH 64
#define DATAGRAM_BYTES (CRYPT_MAX_BYTES + CRYPT_SEAL_BYTES)

struct seals {
  /* By slot; NULL where there is none. */
  crypt_state_t **states;
  uint32_t count;
  struct mmsghdr out[SEAL_BATCH];
  struct iovec out_bytes[SEAL_BATCH];
  uint8_t datagrams[SEAL_BATCH][DATAGRAM_BYTES];
};

static bool read_block(napi_env env, napi_value value, uint8_t **bytes) {
  void *data;
  size_t length;
  if (!read_array(env, value, napi_uint8_array, &data, &length)) return false;
  *bytes = data;
  return length == CRYPT_BLOCK_BYTES || refuse(env, "16 bytes are needed");
}

/* The state of the slot that an argument names, or NULL with an exception pending. */
static crypt_state_t *read_state(napi_env env, udp_socket_t *udp, napi_value value) {
  int64_t slot;
  if (udp == NULL || !read_integer(env, value, 0, MAX_SLOTS - 1, &slot)) return NULL;
  if (udp->seals != NULL && slot < udp->seals->count && udp->seals->states[slot] != NULL) {
    return udp->seals->states[slot];
  }
  refuse(env, "the slot has no seal");
  return NULL;
}

static bool begin(udp_socket_t *udp) {
  if (udp->seals != NULL) return true;
  seals_t *seals = calloc(1, sizeof *seals);
  if (seals == NULL) return false;
  for (int index = 0; index < SEAL_BATCH; index += 1) {
    seals->out_bytes[index].iov_base = seals->datagrams[index];
    seals->out[index].msg_hdr = (struct msghdr){.msg_iov = &seals->out_bytes[index], .msg_iovlen = 1};
  }
  udp->seals = seals;
  return true;
}

/* setSeal(slot, key, sealNonce, openNonce, isPlain): in place of what the slot had. It has no endpoint then. */
static napi_value set_seal(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  int64_t slot;
  bool is_plain;
  uint8_t *key, *seal_nonce, *open_nonce;
  udp_socket_t *udp = read_call(env, info, 5, arguments);
  if (udp == NULL || !read_integer(env, arguments[0], 0, MAX_SLOTS - 1, &slot) ||
      !read_block(env, arguments[1], &key) || !read_block(env, arguments[2], &seal_nonce) ||
      !read_block(env, arguments[3], &open_nonce)) {
    return NULL;
  }
  if (napi_get_value_bool(env, arguments[4], &is_plain) != napi_ok) {
    refuse(env, "true or false is needed");
    return NULL;
  }
  crypt_state_t *state = begin(udp) ? crypt_new(key, seal_nonce, open_nonce, is_plain) : NULL;
  crypt_state_t **states =
      state == NULL ? NULL : make_room(udp->seals->states, &udp->seals->count, sizeof *states, slot);
  if (states == NULL) {
    crypt_free(state);
    return throw_system(env, "setSeal", ENOMEM);
  }
  udp->seals->states = states;
  crypt_free(states[slot]);
  states[slot] = state;
  if (slot < udp->slot_count) udp->endpoints[slot].any.sa_family = 0;
  return NULL;
}

/* removeSeal(slot): the slot has no endpoint either then. */
static napi_value remove_seal(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  int64_t slot;
  udp_socket_t *udp = read_call(env, info, 1, arguments);
  if (udp == NULL || !read_integer(env, arguments[0], 0, MAX_SLOTS - 1, &slot)) return NULL;
  if (slot < udp->slot_count) udp->endpoints[slot].any.sa_family = 0;
  if (udp->seals == NULL || slot >= udp->seals->count) return NULL;
  crypt_free(udp->seals->states[slot]);
  udp->seals->states[slot] = NULL;
  return NULL;
}

/* open(slot, datagram, length, packet): the length of the packet that the first `length` bytes hold, or -1. */
static napi_value open_datagram(napi_env env, napi_callback_info info) {
  napi_value arguments[4], result;
  void *datagram, *packet;
  size_t given, room;
  int64_t length;
  udp_socket_t *udp = read_call(env, info, 4, arguments);
  crypt_state_t *state = read_state(env, udp, arguments[0]);
  if (state == NULL || !read_array(env, arguments[1], napi_uint8_array, &datagram, &given) ||
      !read_integer(env, arguments[2], 0, (double)given, &length) ||
      !read_array(env, arguments[3], napi_uint8_array, &packet, &room)) {
    return NULL;
  }
  if (room < CRYPT_MAX_BYTES) {
    refuse(env, "there is no room for a packet");
    return NULL;
  }
  const int opened = crypt_open(state, datagram, (size_t)length, packet);
  return napi_create_int32(env, opened, &result) == napi_ok ? result : NULL;
}

/* sendSealed(packet, length, slots, slotCount, exceptSlot): to each slot that has a seal and an endpoint. Returns to how many. */
static napi_value send_sealed(napi_env env, napi_callback_info info) {
  napi_value arguments[5], result;
  void *packet, *slot_data;
  size_t given, slots_given;
  int64_t length, slot_count, except;
  udp_socket_t *udp = read_call(env, info, 5, arguments);
  if (udp == NULL || !read_array(env, arguments[0], napi_uint8_array, &packet, &given) ||
      !read_integer(env, arguments[1], 0, given < CRYPT_MAX_BYTES ? (double)given : CRYPT_MAX_BYTES, &length) ||
      !read_array(env, arguments[2], napi_uint32_array, &slot_data, &slots_given) ||
      !read_integer(env, arguments[3], 0, (double)slots_given, &slot_count) ||
      !read_integer(env, arguments[4], -1, UINT32_MAX, &except)) {
    return NULL;
  }
  if (udp->fd < 0 || udp->seals == NULL) slot_count = 0;
  const uint32_t *slots = slot_data;
  seals_t *seals = udp->seals;
  unsigned int count = 0, copies = 0;
  for (int64_t index = 0; index < slot_count; index += 1) {
    const uint32_t slot = slots[index];
    if (slot == except || slot >= seals->count || slot >= udp->slot_count || seals->states[slot] == NULL ||
        udp->endpoints[slot].any.sa_family == 0) {
      continue;
    }
    if (index + 1 < slot_count && slots[index + 1] < seals->count) crypt_prefetch(seals->states[slots[index + 1]]);
    const size_t sealed = crypt_seal(seals->states[slot], packet, (size_t)length, seals->datagrams[count]);
    if (sealed == 0) {
      udp->errors += 1;
      continue;
    }
    seals->out_bytes[count].iov_len = sealed;
    seals->out[count].msg_hdr.msg_name = &udp->endpoints[slot];
    seals->out[count].msg_hdr.msg_namelen = udp->address_bytes;
    count += 1;
    copies += 1;
    if (count < SEAL_BATCH) continue;
    hand_over(udp, seals->out, count);
    count = 0;
  }
  if (count > 0) hand_over(udp, seals->out, count);
  return napi_create_uint32(env, copies, &result) == napi_ok ? result : NULL;
}

/* resynchronize(slot, nonce) */
static napi_value resynchronize(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  uint8_t *nonce;
  udp_socket_t *udp = read_call(env, info, 2, arguments);
  crypt_state_t *state = read_state(env, udp, arguments[0]);
  if (state == NULL || !read_block(env, arguments[1], &nonce)) return NULL;
  crypt_resynchronize(state, nonce);
  return NULL;
}

/* sealNonce(slot, nonce): writes the nonce of the last datagram. */
static napi_value seal_nonce(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  uint8_t *nonce;
  udp_socket_t *udp = read_call(env, info, 2, arguments);
  crypt_state_t *state = read_state(env, udp, arguments[0]);
  if (state == NULL || !read_block(env, arguments[1], &nonce)) return NULL;
  const uint8_t *last = crypt_seal_nonce(state);
  for (int index = 0; index < CRYPT_BLOCK_BYTES; index += 1) nonce[index] = last[index];
  return NULL;
}

/* sealCounters(slot): good, late, lost, resync and sealed, in this order. */
static napi_value seal_counters(napi_env env, napi_callback_info info) {
  napi_value arguments[1], result, value;
  udp_socket_t *udp = read_call(env, info, 1, arguments);
  crypt_state_t *state = read_state(env, udp, arguments[0]);
  if (state == NULL) return NULL;
  const crypt_counters_t counted = crypt_counters(state);
  const double counters[] = {counted.good, counted.late, counted.lost, counted.resync, counted.sealed};
  const uint32_t count = sizeof counters / sizeof counters[0];
  if (napi_create_array_with_length(env, count, &result) != napi_ok) return NULL;
  for (uint32_t index = 0; index < count; index += 1) {
    if (napi_create_double(env, counters[index], &value) != napi_ok) return NULL;
    if (napi_set_element(env, result, index, value) != napi_ok) return NULL;
  }
  return result;
}

bool add_seals(udp_socket_t *udp, napi_value object) {
  return add_function(udp, object, "setSeal", set_seal) && add_function(udp, object, "removeSeal", remove_seal) &&
         add_function(udp, object, "open", open_datagram) && add_function(udp, object, "sendSealed", send_sealed) &&
         add_function(udp, object, "resynchronize", resynchronize) &&
         add_function(udp, object, "sealNonce", seal_nonce) &&
         add_function(udp, object, "sealCounters", seal_counters);
}

void free_seals(udp_socket_t *udp) {
  if (udp->seals == NULL) return;
  for (uint32_t slot = 0; slot < udp->seals->count; slot += 1) crypt_free(udp->seals->states[slot]);
  free(udp->seals->states);
  free(udp->seals);
}
