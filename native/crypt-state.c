/*
 * A packet costs two calls of the cipher: one for the blocks and the pad, one for the tag and for the offset of the next
 * packet, whose nonce is known by then. What a seal needs is together in memory: of a thousand clients little stays in
 * the processor's cache from one packet to the next.
 */
#define _DEFAULT_SOURCE

#include "crypt-state.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "block-cipher.h"

#define BLOCK CRYPT_BLOCK_BYTES
#define TAG_BYTES 3
/* A packet that comes so many places late is refused. */
#define LATE_WINDOW 30
#define NO_NONCE (-1)
/* A line of the cache. */
#define ALIGNMENT 64
/* Whole blocks and the pad of the last one. */
#define MAX_BLOCKS (CRYPT_MAX_BYTES / BLOCK + 1)

/* XOR does not mind the order of bytes in a word; doubling does. */
typedef union {
  uint64_t words[2];
  uint8_t bytes[BLOCK];
} block_t;

struct crypt_state {
  block_cipher_t cipher;
  /* The encrypted nonce of the packet that is sealed next. */
  block_t next_offset;
  uint8_t seal_nonce[BLOCK];
  double sealed;
  uint8_t open_nonce[BLOCK];
  double good, late, lost, resync;
  /* The second byte of the nonce with which a packet opened last, by the first byte. */
  int16_t opened[256];
};

static void add(block_t *to, const block_t *other) {
  to->words[0] ^= other->words[0];
  to->words[1] ^= other->words[1];
}

/* Multiplies by x in GF(2^128). */
static void twice(block_t *block) {
  const uint64_t high = be64toh(block->words[0]), low = be64toh(block->words[1]);
  const uint64_t carry = 0 - (high >> 63);
  block->words[0] = htobe64(high << 1 | low >> 63);
  block->words[1] = htobe64(low << 1 ^ (carry & 0x87));
}

/* Adds a step of less than 256 to a nonce whose lowest byte comes first. */
static void add_to_nonce(uint8_t nonce[BLOCK], int step) {
  int carry = step;
  for (int index = 0; index < BLOCK && carry != 0; index += 1) {
    const int sum = nonce[index] + carry;
    nonce[index] = (uint8_t)sum;
    carry = sum >> 8;
  }
}

/* How many blocks come before the last one, which has 1 to 16 bytes, or none where there is no text. */
static size_t whole_blocks(size_t length) {
  return length == 0 ? 0 : (length - 1) / BLOCK;
}

/* True where all bytes of the block but the last are 0. */
static bool is_almost_zero(const block_t *block) {
  uint8_t all = 0;
  for (int index = 0; index < BLOCK - 1; index += 1) all |= block->bytes[index];
  return all == 0;
}

/* The block of which the pad of the last `length` bytes is made. */
static void write_length(block_t *block, const block_t *offset, size_t length) {
  *block = *offset;
  block->bytes[BLOCK - 1] ^= (uint8_t)(8 * length);
}

/* What is encrypted to the tag. */
static void write_tag_block(block_t *block, const block_t *offset, const block_t *checksum) {
  *block = *offset;
  twice(block);
  add(block, offset);
  add(block, checksum);
}

/* The nonce of the next packet. */
static void write_next_nonce(const crypt_state_t *state, block_t *next) {
  memcpy(next->bytes, state->seal_nonce, BLOCK);
  add_to_nonce(next->bytes, 1);
}

crypt_state_t *crypt_new(const uint8_t *key, const uint8_t *seal_nonce, const uint8_t *open_nonce,
                         bool is_plain) {
  crypt_state_t *state = aligned_alloc(ALIGNMENT, sizeof *state);
  if (state == NULL) return NULL;
  memset(state, 0, sizeof *state);
  memcpy(state->seal_nonce, seal_nonce, BLOCK);
  memcpy(state->open_nonce, open_nonce, BLOCK);
  for (int index = 0; index < 256; index += 1) state->opened[index] = NO_NONCE;
  write_next_nonce(state, &state->next_offset);
  if (block_cipher_init(&state->cipher, key, is_plain) &&
      encrypt_blocks(&state->cipher, state->next_offset.bytes, 1)) {
    return state;
  }
  crypt_free(state);
  return NULL;
}

void crypt_free(crypt_state_t *state) {
  if (state == NULL) return;
  block_cipher_clear(&state->cipher);
  OPENSSL_cleanse(state, sizeof *state);
  free(state);
}

void crypt_prefetch(const crypt_state_t *state) {
  if (state == NULL) return;
  const uint8_t *keys = state->cipher.encrypt_keys[0];
  for (size_t offset = 0; offset < sizeof state->cipher.encrypt_keys; offset += ALIGNMENT) {
    __builtin_prefetch(keys + offset);
  }
  __builtin_prefetch(&state->next_offset, 1);
  __builtin_prefetch(&state->sealed, 1);
}

size_t crypt_seal(crypt_state_t *state, const uint8_t *packet, size_t length, uint8_t *datagram) {
  if (length > CRYPT_MAX_BYTES) return 0;
  const size_t whole = whole_blocks(length), body = whole * BLOCK, rest = length - body;
  block_t blocks[MAX_BLOCKS], offsets[MAX_BLOCKS], checksum = {{0, 0}};
  memcpy(blocks, packet, body);
  if (whole > 0 && is_almost_zero(&blocks[whole - 1])) blocks[whole - 1].bytes[0] = 1;
  block_t offset = state->next_offset;
  for (size_t index = 0; index < whole; index += 1) {
    twice(&offset);
    offsets[index] = offset;
    add(&checksum, &blocks[index]);
    add(&blocks[index], &offset);
  }
  twice(&offset);
  write_length(&blocks[whole], &offset, rest);
  if (!encrypt_blocks(&state->cipher, blocks->bytes, whole + 1)) return 0;
  for (size_t index = 0; index < whole; index += 1) add(&blocks[index], &offsets[index]);
  memcpy(datagram + CRYPT_SEAL_BYTES, blocks, body);
  block_t last = blocks[whole];
  memcpy(last.bytes, packet + body, rest);
  add(&checksum, &last);
  for (size_t index = 0; index < rest; index += 1) {
    datagram[CRYPT_SEAL_BYTES + body + index] = (uint8_t)(last.bytes[index] ^ blocks[whole].bytes[index]);
  }
  add_to_nonce(state->seal_nonce, 1);
  block_t ends[2];
  write_tag_block(&ends[0], &offset, &checksum);
  write_next_nonce(state, &ends[1]);
  if (!encrypt_blocks(&state->cipher, ends->bytes, 2)) return 0;
  state->next_offset = ends[1];
  state->sealed += 1;
  datagram[0] = state->seal_nonce[0];
  memcpy(datagram + 1, ends[0].bytes, TAG_BYTES);
  return length + CRYPT_SEAL_BYTES;
}

/* Opens under this nonce. Returns false where the tag does not hold, or where it may have been forged by the weakness of OCB2. */
static bool open_under(crypt_state_t *state, const uint8_t nonce[BLOCK], const uint8_t *tag, const uint8_t *sealed,
                       size_t length, uint8_t *packet) {
  const size_t whole = whole_blocks(length), body = whole * BLOCK, rest = length - body;
  block_t blocks[MAX_BLOCKS], offsets[MAX_BLOCKS], offset, pad, last, checksum = {{0, 0}}, made;
  memcpy(offset.bytes, nonce, BLOCK);
  if (!encrypt_blocks(&state->cipher, offset.bytes, 1)) return false;
  memcpy(blocks, sealed, body);
  for (size_t index = 0; index < whole; index += 1) {
    twice(&offset);
    offsets[index] = offset;
    add(&blocks[index], &offset);
  }
  if (!decrypt_blocks(&state->cipher, blocks->bytes, whole)) return false;
  for (size_t index = 0; index < whole; index += 1) {
    add(&blocks[index], &offsets[index]);
    add(&checksum, &blocks[index]);
  }
  twice(&offset);
  write_length(&pad, &offset, rest);
  if (!encrypt_blocks(&state->cipher, pad.bytes, 1)) return false;
  last = pad;
  for (size_t index = 0; index < rest; index += 1) last.bytes[index] ^= sealed[body + index];
  add(&checksum, &last);
  /* The last block, filled up with the pad, would be the offset but for its last byte. */
  block_t difference = last;
  add(&difference, &offset);
  if (is_almost_zero(&difference)) return false;
  write_tag_block(&made, &offset, &checksum);
  if (!encrypt_blocks(&state->cipher, made.bytes, 1) || CRYPTO_memcmp(made.bytes, tag, TAG_BYTES) != 0) return false;
  memcpy(packet, blocks, body);
  memcpy(packet + body, last.bytes, rest);
  return true;
}

int crypt_open(crypt_state_t *state, const uint8_t *datagram, size_t length, uint8_t *packet) {
  if (length < CRYPT_SEAL_BYTES || length > CRYPT_SEAL_BYTES + CRYPT_MAX_BYTES) return -1;
  const uint8_t low = datagram[0];
  const int step = (int8_t)(uint8_t)(low - state->open_nonce[0]);
  if (step == 0 || step <= -LATE_WINDOW) return -1;
  uint8_t nonce[BLOCK];
  memcpy(nonce, state->open_nonce, BLOCK);
  add_to_nonce(nonce, step);
  if (step != 1 && state->opened[low] == nonce[1]) return -1;
  const size_t text = length - CRYPT_SEAL_BYTES;
  if (!open_under(state, nonce, datagram + 1, datagram + CRYPT_SEAL_BYTES, text, packet)) return -1;
  state->opened[low] = nonce[1];
  state->good += 1;
  if (step > 0) {
    memcpy(state->open_nonce, nonce, BLOCK);
    state->lost += step - 1;
  } else {
    state->late += 1;
    state->lost -= 1;
  }
  return (int)text;
}

void crypt_resynchronize(crypt_state_t *state, const uint8_t *nonce) {
  memcpy(state->open_nonce, nonce, BLOCK);
  for (int index = 0; index < 256; index += 1) state->opened[index] = NO_NONCE;
  state->resync += 1;
}

const uint8_t *crypt_seal_nonce(const crypt_state_t *state) {
  return state->seal_nonce;
}

crypt_counters_t crypt_counters(const crypt_state_t *state) {
  return (crypt_counters_t){state->good, state->late, state->lost < 0 ? 0 : state->lost, state->resync,
                            state->sealed};
}
