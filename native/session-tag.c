/*
 * Session tags, and the seals of voice under a channel's key. node:crypto makes an object for each, which costs ten
 * times the tag itself, and garbage. Here a key keeps its cipher. OpenSSL is that of the Node that loads this: its symbols are resolved then, or the addon is refused.
 */
#define NAPI_VERSION 8

#include "session-tag.h"

#include <stdint.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define KEY_BYTES 16
#define NONCE_BYTES 12
#define TAG_BYTES 12
#define SEAL_BYTES 16
#define HEADER_BYTES 16
/* The nonce is two zeros and then session and counter, which are these bytes of the header. */
#define NONCE_PADDING 2
#define SESSION_OFFSET 6

/* Tells our keys from other objects that a script may hand over. */
static const napi_type_tag KEY_TYPE = {0x70617273656b6579, 0x7461676b65793031};

static napi_value refuse(napi_env env, const char *message) {
  bool is_pending = false;
  napi_is_exception_pending(env, &is_pending);
  if (!is_pending) napi_throw_type_error(env, NULL, message);
  return NULL;
}

static bool read_bytes(napi_env env, napi_value value, uint8_t **bytes, size_t *count) {
  bool is_array = false;
  napi_typedarray_type type;
  void *data = NULL;
  if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array ||
      napi_get_typedarray_info(env, value, &type, count, &data, NULL, NULL) != napi_ok || type != napi_uint8_array) {
    return false;
  }
  *bytes = data;
  return true;
}

static EVP_CIPHER_CTX *read_key(napi_env env, napi_value value) {
  bool is_key = false;
  void *key = NULL;
  napi_valuetype type;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_external ||
      napi_check_object_type_tag(env, value, &KEY_TYPE, &is_key) != napi_ok || !is_key ||
      napi_get_value_external(env, value, &key) != napi_ok) {
    return NULL;
  }
  return key;
}

/* The tag of the first `length` bytes, which are at least a header. */
static bool make_tag(EVP_CIPHER_CTX *key, const uint8_t *packet, size_t length, uint8_t tag[TAG_BYTES]) {
  uint8_t nonce[NONCE_BYTES] = {0}, nothing[16];
  int size;
  memcpy(nonce + NONCE_PADDING, packet + SESSION_OFFSET, NONCE_BYTES - NONCE_PADDING);
  return EVP_CipherInit_ex(key, NULL, NULL, NULL, nonce, 1) == 1 &&
         EVP_EncryptUpdate(key, NULL, &size, packet, (int)length) == 1 &&
         EVP_EncryptFinal_ex(key, nothing, &size) == 1 &&
         EVP_CIPHER_CTX_ctrl(key, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tag) == 1;
}

/* The nonce of a packet is made of its header, as that of its session tag is. */
static bool begin_seal(EVP_CIPHER_CTX *key, const uint8_t *packet, int direction) {
  uint8_t nonce[NONCE_BYTES] = {0};
  int size;
  memcpy(nonce + NONCE_PADDING, packet + SESSION_OFFSET, NONCE_BYTES - NONCE_PADDING);
  return EVP_CipherInit_ex(key, NULL, NULL, NULL, nonce, direction) == 1 &&
         EVP_CipherUpdate(key, NULL, &size, packet, HEADER_BYTES) == 1;
}

static void free_key(napi_env env, void *key, void *hint) {
  (void)env;
  (void)hint;
  EVP_CIPHER_CTX_free(key);
}

/* makeTagKey(bytes) */
static napi_value make_key(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  size_t given = 1, count;
  uint8_t *bytes;
  if (napi_get_cb_info(env, info, &given, &argument, NULL, NULL) != napi_ok ||
      !read_bytes(env, argument, &bytes, &count) || count != KEY_BYTES) {
    return refuse(env, "a key of 16 bytes is needed");
  }
  EVP_CIPHER_CTX *key = EVP_CIPHER_CTX_new();
  if (key == NULL || EVP_EncryptInit_ex(key, EVP_aes_128_gcm(), NULL, bytes, NULL) != 1 ||
      napi_create_external(env, key, free_key, NULL, &result) != napi_ok) {
    EVP_CIPHER_CTX_free(key);
    return refuse(env, "the key could not be made");
  }
  return napi_type_tag_object(env, result, &KEY_TYPE) == napi_ok ? result : refuse(env, "the key could not be marked");
}

/* verifyTag(key, packet, length): whether the last 12 of the first `length` bytes are the tag of those before them. */
static napi_value verify_tag(napi_env env, napi_callback_info info) {
  napi_value arguments[3], result;
  size_t given = 3, count;
  uint8_t *packet, tag[TAG_BYTES];
  int64_t length;
  if (napi_get_cb_info(env, info, &given, arguments, NULL, NULL) != napi_ok) return NULL;
  EVP_CIPHER_CTX *key = read_key(env, arguments[0]);
  if (key == NULL || !read_bytes(env, arguments[1], &packet, &count) ||
      napi_get_value_int64(env, arguments[2], &length) != napi_ok) {
    return refuse(env, "a key, a packet and its length are needed");
  }
  bool is_right = false;
  if (length >= HEADER_BYTES + TAG_BYTES && (uint64_t)length <= count) {
    const size_t tagged = (size_t)length - TAG_BYTES;
    is_right = make_tag(key, packet, tagged, tag) && CRYPTO_memcmp(tag, packet + tagged, TAG_BYTES) == 0;
  }
  return napi_get_boolean(env, is_right, &result) == napi_ok ? result : NULL;
}

/* writeTag(key, packet): into the last 12 bytes. */
static napi_value write_tag(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t given = 2, count;
  uint8_t *packet;
  if (napi_get_cb_info(env, info, &given, arguments, NULL, NULL) != napi_ok) return NULL;
  EVP_CIPHER_CTX *key = read_key(env, arguments[0]);
  if (key == NULL || !read_bytes(env, arguments[1], &packet, &count) || count < HEADER_BYTES + TAG_BYTES) {
    return refuse(env, "a key and a packet are needed");
  }
  if (!make_tag(key, packet, count - TAG_BYTES, packet + count - TAG_BYTES)) refuse(env, "the tag could not be made");
  return NULL;
}

/* sealVoice(key, packet, end): what is between header and `end` is encrypted in its place, and the seal is written behind it. */
static napi_value seal_voice(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  size_t given = 3, count;
  uint8_t *packet, nothing[16];
  int64_t end;
  int size;
  if (napi_get_cb_info(env, info, &given, arguments, NULL, NULL) != napi_ok) return NULL;
  EVP_CIPHER_CTX *key = read_key(env, arguments[0]);
  if (key == NULL || !read_bytes(env, arguments[1], &packet, &count) ||
      napi_get_value_int64(env, arguments[2], &end) != napi_ok || end < HEADER_BYTES || count < SEAL_BYTES ||
      (uint64_t)end > count - SEAL_BYTES || end > INT32_MAX) {
    return refuse(env, "a key, a packet and the end of its text are needed");
  }
  uint8_t *text = packet + HEADER_BYTES;
  if (!begin_seal(key, packet, 1) || EVP_CipherUpdate(key, text, &size, text, (int)end - HEADER_BYTES) != 1 ||
      EVP_CipherFinal_ex(key, nothing, &size) != 1 ||
      EVP_CIPHER_CTX_ctrl(key, EVP_CTRL_AEAD_GET_TAG, SEAL_BYTES, packet + end) != 1) {
    refuse(env, "the packet could not be sealed");
  }
  return NULL;
}

/* openVoice(key, packet, text): whether the seal holds, which is the last 16 bytes. What is between it and the header is decrypted into `text`. */
static napi_value open_voice(napi_env env, napi_callback_info info) {
  napi_value arguments[3], result;
  size_t given = 3, count, room;
  uint8_t *packet, *text, nothing[16];
  int size;
  if (napi_get_cb_info(env, info, &given, arguments, NULL, NULL) != napi_ok) return NULL;
  EVP_CIPHER_CTX *key = read_key(env, arguments[0]);
  if (key == NULL || !read_bytes(env, arguments[1], &packet, &count) || !read_bytes(env, arguments[2], &text, &room) ||
      count < HEADER_BYTES + SEAL_BYTES || count > INT32_MAX || room < count - HEADER_BYTES - SEAL_BYTES) {
    return refuse(env, "a key, a packet and room for its text are needed");
  }
  const size_t end = count - SEAL_BYTES;
  const bool holds = begin_seal(key, packet, 0) &&
                     EVP_CipherUpdate(key, text, &size, packet + HEADER_BYTES, (int)(end - HEADER_BYTES)) == 1 &&
                     EVP_CIPHER_CTX_ctrl(key, EVP_CTRL_AEAD_SET_TAG, SEAL_BYTES, packet + end) == 1 &&
                     EVP_CipherFinal_ex(key, nothing, &size) == 1;
  return napi_get_boolean(env, holds, &result) == napi_ok ? result : NULL;
}

bool add_session_tags(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"makeTagKey", NULL, make_key, NULL, NULL, NULL, napi_enumerable, NULL},
      {"verifyTag", NULL, verify_tag, NULL, NULL, NULL, napi_enumerable, NULL},
      {"writeTag", NULL, write_tag, NULL, NULL, NULL, napi_enumerable, NULL},
      {"sealVoice", NULL, seal_voice, NULL, NULL, NULL, napi_enumerable, NULL},
      {"openVoice", NULL, open_voice, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  return napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions) == napi_ok;
}
