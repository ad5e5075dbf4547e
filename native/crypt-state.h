/*
 * The datagrams of one Mumble client: OCB2 over AES-128 with the countermeasures of eprint 2019/311, section 9, and a
 * nonce that counts up before each packet, of which a datagram carries the lowest byte and three bytes of the tag.
 * The same as src/mumble/crypt-state.ts, which says why.
 */
#ifndef PARLEY_CRYPT_STATE_H
#define PARLEY_CRYPT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRYPT_BLOCK_BYTES 16
/* What the seal adds to a packet. */
#define CRYPT_SEAL_BYTES 4
/* The longest packet. */
#define CRYPT_MAX_BYTES 1216

typedef struct crypt_state crypt_state_t;

typedef struct {
  double good, late, lost, resync, sealed;
} crypt_counters_t;

/* All three have 16 bytes; `is_plain` is that of block_cipher_init. Returns NULL where there is no memory, or no AES. */
crypt_state_t *crypt_new(const uint8_t *key, const uint8_t *seal_nonce, const uint8_t *open_nonce, bool is_plain);
void crypt_free(crypt_state_t *state);

/* Writes the datagram of a packet of `length` bytes, at most CRYPT_MAX_BYTES. Returns its length, or 0 where AES fails. */
size_t crypt_seal(crypt_state_t *state, const uint8_t *packet, size_t length, uint8_t *datagram);

/* Asks for what a seal needs to be brought into the processor's cache. NULL is nothing. */
void crypt_prefetch(const crypt_state_t *state);

/* Writes the packet of a datagram of `length` bytes and returns its length; -1 where it is forged, replayed, too late or too long. */
int crypt_open(crypt_state_t *state, const uint8_t *datagram, size_t length, uint8_t *packet);

/* The other side says which nonce it has used last. */
void crypt_resynchronize(crypt_state_t *state, const uint8_t *nonce);

/* The nonce of the last packet that was sealed. */
const uint8_t *crypt_seal_nonce(const crypt_state_t *state);
crypt_counters_t crypt_counters(const crypt_state_t *state);

#endif
