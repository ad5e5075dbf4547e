#include "block-cipher.h"

#include <string.h>

#include <openssl/crypto.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define HAS_INSTRUCTIONS 1
#define WITH_AES __attribute__((target("aes,sse2")))

/* As many blocks as are in work at once: the instruction takes four cycles, and one can begin in each. */
#define LANES 8

WITH_AES static __m128i next_round_key(__m128i key, __m128i assisted) {
  assisted = _mm_shuffle_epi32(assisted, 0xff);
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  return _mm_xor_si128(key, assisted);
}

/* The round's constant has to be known to the compiler. */
#define EXPAND(round, constant) \
  keys[round] = next_round_key(keys[round - 1], _mm_aeskeygenassist_si128(keys[round - 1], constant))

WITH_AES static void expand(block_cipher_t *cipher, const uint8_t *key) {
  __m128i keys[ROUND_KEYS];
  keys[0] = _mm_loadu_si128((const __m128i *)key);
  EXPAND(1, 0x01);
  EXPAND(2, 0x02);
  EXPAND(3, 0x04);
  EXPAND(4, 0x08);
  EXPAND(5, 0x10);
  EXPAND(6, 0x20);
  EXPAND(7, 0x40);
  EXPAND(8, 0x80);
  EXPAND(9, 0x1b);
  EXPAND(10, 0x36);
  for (int round = 0; round < ROUND_KEYS; round += 1) {
    const bool is_end = round == 0 || round == ROUND_KEYS - 1;
    const __m128i inverse = is_end ? keys[round] : _mm_aesimc_si128(keys[round]);
    _mm_store_si128((__m128i *)cipher->encrypt_keys[round], keys[round]);
    _mm_store_si128((__m128i *)cipher->decrypt_keys[ROUND_KEYS - 1 - round], inverse);
  }
  OPENSSL_cleanse(keys, sizeof keys);
}

WITH_AES static inline __attribute__((always_inline)) void encrypt_lanes(const __m128i *keys, __m128i *at,
                                                                       const size_t lanes) {
  __m128i state[LANES];
#pragma GCC unroll 8
  for (size_t lane = 0; lane < lanes; lane += 1) state[lane] = _mm_xor_si128(_mm_loadu_si128(at + lane), keys[0]);
  for (int round = 1; round < ROUND_KEYS - 1; round += 1) {
#pragma GCC unroll 8
    for (size_t lane = 0; lane < lanes; lane += 1) state[lane] = _mm_aesenc_si128(state[lane], keys[round]);
  }
#pragma GCC unroll 8
  for (size_t lane = 0; lane < lanes; lane += 1) {
    _mm_storeu_si128(at + lane, _mm_aesenclast_si128(state[lane], keys[ROUND_KEYS - 1]));
  }
}

WITH_AES static void encrypt_by_instructions(const block_cipher_t *cipher, uint8_t *blocks, size_t count) {
  const __m128i *keys = (const __m128i *)cipher->encrypt_keys;
  __m128i *at = (__m128i *)blocks;
  for (; count >= 8; count -= 8, at += 8) encrypt_lanes(keys, at, 8);
  for (; count >= 4; count -= 4, at += 4) encrypt_lanes(keys, at, 4);
  for (; count >= 2; count -= 2, at += 2) encrypt_lanes(keys, at, 2);
  if (count > 0) encrypt_lanes(keys, at, 1);
}

WITH_AES static inline __attribute__((always_inline)) void decrypt_lanes(const __m128i *keys, __m128i *at,
                                                                       const size_t lanes) {
  __m128i state[LANES];
#pragma GCC unroll 8
  for (size_t lane = 0; lane < lanes; lane += 1) state[lane] = _mm_xor_si128(_mm_loadu_si128(at + lane), keys[0]);
  for (int round = 1; round < ROUND_KEYS - 1; round += 1) {
#pragma GCC unroll 8
    for (size_t lane = 0; lane < lanes; lane += 1) state[lane] = _mm_aesdec_si128(state[lane], keys[round]);
  }
#pragma GCC unroll 8
  for (size_t lane = 0; lane < lanes; lane += 1) {
    _mm_storeu_si128(at + lane, _mm_aesdeclast_si128(state[lane], keys[ROUND_KEYS - 1]));
  }
}

WITH_AES static void decrypt_by_instructions(const block_cipher_t *cipher, uint8_t *blocks, size_t count) {
  const __m128i *keys = (const __m128i *)cipher->decrypt_keys;
  __m128i *at = (__m128i *)blocks;
  for (; count >= 8; count -= 8, at += 8) decrypt_lanes(keys, at, 8);
  for (; count >= 4; count -= 4, at += 4) decrypt_lanes(keys, at, 4);
  for (; count >= 2; count -= 2, at += 2) decrypt_lanes(keys, at, 2);
  if (count > 0) decrypt_lanes(keys, at, 1);
}

static bool has_instructions(void) {
  return __builtin_cpu_supports("aes") != 0;
}
#else
#define HAS_INSTRUCTIONS 0
#endif

static EVP_CIPHER_CTX *make_cipher(const uint8_t *key, int direction) {
  EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
  if (cipher != NULL && EVP_CipherInit_ex(cipher, EVP_aes_128_ecb(), NULL, key, NULL, direction) == 1 &&
      EVP_CIPHER_CTX_set_padding(cipher, 0) == 1) {
    return cipher;
  }
  EVP_CIPHER_CTX_free(cipher);
  return NULL;
}

bool block_cipher_init(block_cipher_t *cipher, const uint8_t *key, bool is_plain) {
  memset(cipher, 0, sizeof *cipher);
#if HAS_INSTRUCTIONS
  if (!is_plain && has_instructions()) {
    expand(cipher, key);
    return true;
  }
#endif
  (void)is_plain;
  cipher->encrypt = make_cipher(key, 1);
  cipher->decrypt = make_cipher(key, 0);
  return cipher->encrypt != NULL && cipher->decrypt != NULL;
}

void block_cipher_clear(block_cipher_t *cipher) {
  EVP_CIPHER_CTX_free(cipher->encrypt);
  EVP_CIPHER_CTX_free(cipher->decrypt);
  OPENSSL_cleanse(cipher, sizeof *cipher);
}

static bool update(EVP_CIPHER_CTX *cipher, uint8_t *blocks, size_t count) {
  const int bytes = (int)(count * BLOCK_BYTES);
  int written = 0;
  return count == 0 || (EVP_CipherUpdate(cipher, blocks, &written, blocks, bytes) == 1 && written == bytes);
}

bool encrypt_blocks(const block_cipher_t *cipher, uint8_t *blocks, size_t count) {
  if (cipher->encrypt != NULL) return update(cipher->encrypt, blocks, count);
#if HAS_INSTRUCTIONS
  encrypt_by_instructions(cipher, blocks, count);
#endif
  return true;
}

bool decrypt_blocks(const block_cipher_t *cipher, uint8_t *blocks, size_t count) {
  if (cipher->decrypt != NULL) return update(cipher->decrypt, blocks, count);
#if HAS_INSTRUCTIONS
  decrypt_by_instructions(cipher, blocks, count);
#endif
  return true;
}
