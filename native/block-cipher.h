/*
 * AES-128 for blocks that are at hand one packet at a time. By the processor's own instructions where it has them, the
 * key's rounds beside what else a packet needs; else by the OpenSSL in the Node that loads this, whose contexts lie in
 * several places of the memory.
 */
#ifndef PARLEY_BLOCK_CIPHER_H
#define PARLEY_BLOCK_CIPHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#define BLOCK_BYTES 16
#define ROUND_KEYS 11

typedef struct {
  /* NULL where the processor's instructions are used. */
  EVP_CIPHER_CTX *encrypt, *decrypt;
  /* Of the processor's instructions. */
  _Alignas(64) uint8_t encrypt_keys[ROUND_KEYS][BLOCK_BYTES];
  _Alignas(16) uint8_t decrypt_keys[ROUND_KEYS][BLOCK_BYTES];
} block_cipher_t;

/* The key has 16 bytes. Where `is_plain` is true the processor's instructions are not used. Returns false where there is no memory. */
bool block_cipher_init(block_cipher_t *cipher, const uint8_t *key, bool is_plain);
void block_cipher_clear(block_cipher_t *cipher);

/* In their place. */
bool encrypt_blocks(const block_cipher_t *cipher, uint8_t *blocks, size_t count);
bool decrypt_blocks(const block_cipher_t *cipher, uint8_t *blocks, size_t count);

#endif
