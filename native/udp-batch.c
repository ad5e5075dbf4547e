/*
 * UDP in batches for Node: recvmmsg when the socket is readable, sendmmsg to addresses that are kept here by slot.
 * One call into JavaScript for a batch received, one call from it for a packet sent to many. Linux only.
 *
 * The functions of a socket carry it as their data, so that no script can call them with another. The socket lives
 * until the last of them, its memory that scripts see, and its poll handle are gone. Nothing is kept of an argument.
 */
#define _GNU_SOURCE

#include "udp-socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sealed-udp.h"
#include "session-tag.h"

/* Counts up when what scripts see changes: `src/voice/native-addon.ts` asks for the same. */
#define INTERFACE_VERSION 2

/* How often a batch is read before others of the event loop have their turn. */
#define MAX_ROUNDS 4
#define MIN_SLOTS 256u
/* Room for an IPv6 address and the name of its interface. */
#define ADDRESS_TEXT_BYTES (INET6_ADDRSTRLEN + UV_IF_NAMESIZE + 1)

static void release(udp_socket_t *udp) {
  udp->references -= 1;
  if (udp->references > 0) return;
  free_seals(udp);
  free(udp->endpoints);
  free(udp);
}

static void finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)data;
  release(hint);
}

/* ---- Errors and arguments: each `read_` returns false with an exception pending. ---- */

napi_value throw_system(napi_env env, const char *what, int error) {
  char message[128];
  snprintf(message, sizeof message, "%s %s: %s", what, uv_err_name(-error), uv_strerror(-error));
  napi_throw_error(env, uv_err_name(-error), message);
  return NULL;
}

bool refuse(napi_env env, const char *message) {
  bool is_pending = false;
  napi_is_exception_pending(env, &is_pending);
  if (!is_pending) napi_throw_type_error(env, NULL, message);
  return false;
}

/* The arguments and the socket of a call; fewer arguments than asked for read as undefined. */
udp_socket_t *read_call(napi_env env, napi_callback_info info, size_t count, napi_value *arguments) {
  void *data = NULL;
  size_t given = count;
  if (napi_get_cb_info(env, info, &given, arguments, NULL, &data) != napi_ok) return NULL;
  return data;
}

/* Whole numbers from `min` to `max`; anything else is refused. */
bool read_integer(napi_env env, napi_value value, double min, double max, int64_t *result) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) return refuse(env, "a number is needed");
  if (!(number >= min && number <= max) || number != (double)(int64_t)number) {
    napi_throw_range_error(env, NULL, "a number is out of range");
    return false;
  }
  *result = (int64_t)number;
  return true;
}

bool read_array(napi_env env, napi_value value, napi_typedarray_type wanted, void **data, size_t *length) {
  bool is_array = false;
  napi_typedarray_type type;
  if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array ||
      napi_get_typedarray_info(env, value, &type, length, data, NULL, NULL) != napi_ok || type != wanted) {
    return refuse(env, wanted == napi_uint8_array ? "a Uint8Array is needed" : "a Uint32Array is needed");
  }
  return true;
}

static bool read_address(napi_env env, sa_family_t family, napi_value host, napi_value port, address_t *address) {
  char text[ADDRESS_TEXT_BYTES];
  size_t length;
  int64_t number;
  if (napi_get_value_string_utf8(env, host, text, sizeof text, &length) != napi_ok) {
    return refuse(env, "an address is needed");
  }
  if (!read_integer(env, port, 0, UINT16_MAX, &number)) return false;
  memset(address, 0, sizeof *address);
  int error = family == AF_INET ? uv_ip4_addr(text, (int)number, &address->v4)
                                : uv_ip6_addr(text, (int)number, &address->v6);
  if (error != 0) return refuse(env, "the address is not one of the socket's family");
  return true;
}

/* ---- Receiving ---- */

static void write_row(udp_socket_t *udp, int index) {
  const address_t *source = &udp->sources[index];
  uint32_t *row = udp->rows[index];
  memset(row, 0, sizeof udp->rows[index]);
  row[ROW_LENGTH] = udp->in[index].msg_len;
  if (udp->family == AF_INET) {
    row[ROW_PORT] = ntohs(source->v4.sin_port);
    row[ROW_ADDRESS] = source->v4.sin_addr.s_addr;
  } else {
    row[ROW_PORT] = ntohs(source->v6.sin6_port);
    memcpy(&row[ROW_ADDRESS], &source->v6.sin6_addr, sizeof source->v6.sin6_addr);
    row[ROW_SCOPE] = source->v6.sin6_scope_id;
  }
}

/* Reads what there is into the batch. */
static void receive(udp_socket_t *udp) {
  for (int index = 0; index < BATCH; index += 1) udp->in[index].msg_hdr.msg_namelen = sizeof(address_t);
  int count;
  do {
    count = recvmmsg(udp->fd, udp->in, BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && errno != EAGAIN) udp->errors += 1;
  udp->batch_count = count > 0 ? count : 0;
  udp->received += udp->batch_count;
  for (int index = 0; index < udp->batch_count; index += 1) write_row(udp, index);
}

/* Returns false where the script has thrown: that is its thread's end unless it handles it. */
static bool call_script(udp_socket_t *udp) {
  napi_env env = udp->env;
  napi_value receiver, on_batch, count, exception;
  if (napi_get_reference_value(env, udp->receiver, &receiver) != napi_ok ||
      napi_get_reference_value(env, udp->on_batch, &on_batch) != napi_ok ||
      napi_create_int32(env, udp->batch_count, &count) != napi_ok) {
    return false;
  }
  if (napi_make_callback(env, NULL, receiver, on_batch, 1, &count, NULL) == napi_ok) return true;
  bool is_pending = false;
  napi_is_exception_pending(env, &is_pending);
  if (is_pending && napi_get_and_clear_last_exception(env, &exception) == napi_ok) napi_fatal_exception(env, exception);
  return false;
}

static void on_readable(uv_poll_t *poll, int status, int events) {
  udp_socket_t *udp = poll->data;
  napi_env env = udp->env;
  (void)status;
  (void)events;
  for (int round = 0; round < MAX_ROUNDS && udp->fd >= 0; round += 1) {
    receive(udp);
    int count = udp->batch_count;
    napi_handle_scope scope;
    if (count == 0 || napi_open_handle_scope(env, &scope) != napi_ok) break;
    bool is_well = call_script(udp);
    napi_close_handle_scope(env, scope);
    if (!is_well || count < BATCH) break;
  }
  udp->batch_count = 0;
}

/* sourceAddress(index): the text of the address that a datagram of the present batch came from. */
static napi_value source_address(napi_env env, napi_callback_info info) {
  napi_value arguments[1], result;
  int64_t index;
  char text[ADDRESS_TEXT_BYTES];
  udp_socket_t *udp = read_call(env, info, 1, arguments);
  if (udp == NULL || !read_integer(env, arguments[0], 0, BATCH - 1, &index)) return NULL;
  if (index >= udp->batch_count) {
    refuse(env, "the batch has no such datagram");
    return NULL;
  }
  const address_t *source = &udp->sources[index];
  if (udp->family == AF_INET) {
    uv_ip4_name(&source->v4, text, sizeof text);
  } else {
    uv_ip6_name(&source->v6, text, sizeof text);
    size_t length = strlen(text);
    size_t room = sizeof text - length - 1;
    if (IN6_IS_ADDR_LINKLOCAL(&source->v6.sin6_addr)) {
      text[length] = '%';
      if (uv_if_indextoiid(source->v6.sin6_scope_id, text + length + 1, &room) != 0) text[length] = '\0';
    }
  }
  return napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result) == napi_ok ? result : NULL;
}

/* ---- Sending ---- */

/* An error of one datagram skips that one; where the system has no room the rest is dropped. */
void hand_over(udp_socket_t *udp, struct mmsghdr *messages, unsigned int count) {
  unsigned int done = 0;
  while (done < count) {
    int sent = sendmmsg(udp->fd, messages + done, count - done, MSG_DONTWAIT);
    if (sent > 0) {
      udp->sent += sent;
      done += (unsigned int)sent;
    } else if (errno == EAGAIN || errno == ENOBUFS) {
      udp->congested += count - done;
      return;
    } else if (errno != EINTR) {
      udp->errors += 1;
      done += 1;
    }
  }
}

static void address_to(udp_socket_t *udp, unsigned int index, address_t *address) {
  udp->out[index].msg_hdr.msg_name = address;
  udp->out[index].msg_hdr.msg_namelen = udp->address_bytes;
}

void *make_room(void *array, uint32_t *count, size_t size, int64_t slot) {
  if (slot < *count) return array;
  uint32_t wanted = *count < MIN_SLOTS ? MIN_SLOTS : *count;
  while (wanted <= slot) wanted *= 2;
  uint8_t *grown = realloc(array, wanted * size);
  if (grown == NULL) return NULL;
  memset(grown + *count * size, 0, (wanted - *count) * size);
  *count = wanted;
  return grown;
}

/* setEndpoint(slot, address, port) */
static napi_value set_endpoint(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  int64_t slot;
  address_t address;
  udp_socket_t *udp = read_call(env, info, 3, arguments);
  if (udp == NULL || !read_integer(env, arguments[0], 0, MAX_SLOTS - 1, &slot)) return NULL;
  if (udp->fd < 0 || !read_address(env, udp->family, arguments[1], arguments[2], &address)) return NULL;
  address_t *endpoints = make_room(udp->endpoints, &udp->slot_count, sizeof *endpoints, slot);
  if (endpoints == NULL) return throw_system(env, "setEndpoint", ENOMEM);
  udp->endpoints = endpoints;
  udp->endpoints[slot] = address;
  return NULL;
}

/* send(packet, offset, length, slots, slotCount, exceptSlot): the same bytes to each slot that has an endpoint. */
static napi_value send_to_slots(napi_env env, napi_callback_info info) {
  napi_value arguments[6];
  void *bytes, *slot_data;
  size_t byte_count, slots_given;
  int64_t offset, length, slot_count, except;
  udp_socket_t *udp = read_call(env, info, 6, arguments);
  if (udp == NULL || udp->fd < 0) return NULL;
  if (!read_array(env, arguments[0], napi_uint8_array, &bytes, &byte_count) ||
      !read_integer(env, arguments[1], 0, (double)byte_count, &offset) ||
      !read_integer(env, arguments[2], 0, (double)(byte_count - (size_t)offset), &length) ||
      !read_array(env, arguments[3], napi_uint32_array, &slot_data, &slots_given) ||
      !read_integer(env, arguments[4], 0, (double)slots_given, &slot_count) ||
      !read_integer(env, arguments[5], -1, UINT32_MAX, &except)) {
    return NULL;
  }
  const uint32_t *slots = slot_data;
  udp->out_bytes.iov_base = (uint8_t *)bytes + offset;
  udp->out_bytes.iov_len = (size_t)length;
  unsigned int count = 0;
  for (int64_t index = 0; index < slot_count; index += 1) {
    uint32_t slot = slots[index];
    if (slot == except || slot >= udp->slot_count || udp->endpoints[slot].any.sa_family == 0) continue;
    address_to(udp, count, &udp->endpoints[slot]);
    count += 1;
    if (count < MAX_SENDS) continue;
    hand_over(udp, udp->out, count);
    count = 0;
  }
  hand_over(udp, udp->out, count);
  return NULL;
}

/* sendTo(packet, address, port) */
static napi_value send_to_address(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  void *bytes;
  size_t byte_count;
  address_t address;
  udp_socket_t *udp = read_call(env, info, 3, arguments);
  if (udp == NULL || udp->fd < 0) return NULL;
  if (!read_array(env, arguments[0], napi_uint8_array, &bytes, &byte_count) ||
      !read_address(env, udp->family, arguments[1], arguments[2], &address)) {
    return NULL;
  }
  udp->out_bytes.iov_base = bytes;
  udp->out_bytes.iov_len = byte_count;
  address_to(udp, 0, &address);
  hand_over(udp, udp->out, 1);
  return NULL;
}

/* ---- A socket's life ---- */

/* counters(): received, sent, congested, errors, and the size of the receive buffer, in this order. */
static napi_value read_counters(napi_env env, napi_callback_info info) {
  udp_socket_t *udp = read_call(env, info, 0, NULL);
  napi_value result, value;
  if (udp == NULL) return NULL;
  int granted = 0;
  socklen_t size = sizeof granted;
  if (udp->fd >= 0) getsockopt(udp->fd, SOL_SOCKET, SO_RCVBUF, &granted, &size);
  const double counters[] = {udp->received, udp->sent, udp->congested, udp->errors, granted};
  const uint32_t count = sizeof counters / sizeof counters[0];
  if (napi_create_array_with_length(env, count, &result) != napi_ok) return NULL;
  for (uint32_t index = 0; index < count; index += 1) {
    if (napi_create_double(env, counters[index], &value) != napi_ok) return NULL;
    if (napi_set_element(env, result, index, value) != napi_ok) return NULL;
  }
  return result;
}

static void on_poll_closed(uv_handle_t *handle) {
  udp_socket_t *udp = handle->data;
  if (udp->cleanup != NULL) napi_remove_async_cleanup_hook(udp->cleanup);
  release(udp);
}

static void close_socket(udp_socket_t *udp) {
  if (udp->fd < 0) return;
  uv_close((uv_handle_t *)&udp->poll, on_poll_closed);
  close(udp->fd);
  udp->fd = -1;
}

/* close(): the port is free when it returns. */
static napi_value close_by_script(napi_env env, napi_callback_info info) {
  udp_socket_t *udp = read_call(env, info, 0, NULL);
  if (udp == NULL || udp->fd < 0) return NULL;
  close_socket(udp);
  napi_delete_reference(env, udp->on_batch);
  napi_delete_reference(env, udp->receiver);
  return NULL;
}

/* The thread ends: it waits until the hook is removed, which is when the poll handle has closed. */
static void on_cleanup(napi_async_cleanup_hook_handle handle, void *data) {
  (void)handle;
  close_socket(data);
}

/* Returns 0 or an errno. */
static int bind_socket(udp_socket_t *udp, const address_t *address, int receive_bytes, int send_bytes) {
  const int no = 0, probe = IP_PMTUDISC_PROBE;
  udp->fd = socket(udp->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (udp->fd < 0) return errno;
  if (udp->family == AF_INET6) setsockopt(udp->fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  /* Packets are shorter than any path allows, so they need no number by which fragments find each other: that has a price. */
  setsockopt(udp->fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof probe);
  /* Beyond the system's limit only where the process may; up to it always. */
  if (setsockopt(udp->fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_bytes, sizeof receive_bytes) != 0) {
    setsockopt(udp->fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  }
  if (setsockopt(udp->fd, SOL_SOCKET, SO_SNDBUFFORCE, &send_bytes, sizeof send_bytes) != 0) {
    setsockopt(udp->fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes);
  }
  return bind(udp->fd, &address->any, udp->address_bytes) == 0 ? 0 : errno;
}

static void lay_out(udp_socket_t *udp) {
  for (int index = 0; index < BATCH; index += 1) {
    udp->in_bytes[index] = (struct iovec){.iov_base = udp->packets[index], .iov_len = PACKET_BYTES};
    udp->in[index].msg_hdr = (struct msghdr){
        .msg_name = &udp->sources[index], .msg_iov = &udp->in_bytes[index], .msg_iovlen = 1};
  }
  for (int index = 0; index < MAX_SENDS; index += 1) {
    udp->out[index].msg_hdr = (struct msghdr){.msg_iov = &udp->out_bytes, .msg_iovlen = 1};
  }
}

bool add_function(udp_socket_t *udp, napi_value object, const char *name, napi_callback callback) {
  napi_value function;
  napi_env env = udp->env;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, udp, &function) != napi_ok) return false;
  if (napi_add_finalizer(env, function, udp, finalize, udp, NULL) != napi_ok) return false;
  udp->references += 1;
  return napi_set_named_property(env, object, name, function) == napi_ok;
}

static bool add_memory(udp_socket_t *udp, napi_value object, const char *name, void *memory, size_t size) {
  napi_value buffer;
  napi_env env = udp->env;
  if (napi_create_external_arraybuffer(env, memory, size, finalize, udp, &buffer) != napi_ok) return false;
  udp->references += 1;
  return napi_set_named_property(env, object, name, buffer) == napi_ok;
}

static bool add_port(udp_socket_t *udp, napi_value object) {
  address_t address;
  socklen_t size = sizeof address;
  napi_value port;
  if (getsockname(udp->fd, &address.any, &size) != 0) return false;
  uint32_t number = ntohs(udp->family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
  return napi_create_uint32(udp->env, number, &port) == napi_ok &&
         napi_set_named_property(udp->env, object, "port", port) == napi_ok;
}

static bool add_members(udp_socket_t *udp, napi_value object) {
  return add_port(udp, object) && add_memory(udp, object, "rows", udp->rows, sizeof udp->rows) &&
         add_memory(udp, object, "packets", udp->packets, sizeof udp->packets) &&
         add_function(udp, object, "sourceAddress", source_address) &&
         add_function(udp, object, "setEndpoint", set_endpoint) && add_function(udp, object, "send", send_to_slots) &&
         add_function(udp, object, "sendTo", send_to_address) &&
         add_function(udp, object, "counters", read_counters) && add_function(udp, object, "close", close_by_script) &&
         add_seals(udp, object);
}

/* Begins to call the script for what arrives, until the socket is closed or the thread ends. */
static bool begin(udp_socket_t *udp, napi_value object, napi_value on_batch) {
  napi_env env = udp->env;
  uv_loop_t *loop;
  if (napi_create_reference(env, on_batch, 1, &udp->on_batch) != napi_ok ||
      napi_create_reference(env, object, 1, &udp->receiver) != napi_ok ||
      napi_get_uv_event_loop(env, &loop) != napi_ok || uv_poll_init(loop, &udp->poll, udp->fd) != 0) {
    return false;
  }
  udp->poll.data = udp;
  udp->references += 1;
  uv_poll_start(&udp->poll, UV_READABLE, on_readable);
  if (napi_add_async_cleanup_hook(env, on_cleanup, udp, &udp->cleanup) == napi_ok) return true;
  close_socket(udp);
  return false;
}

/*
 * open(address, port, receiveBufferBytes, sendBufferBytes, onBatch): a socket that is bound, and calls onBatch(count)
 * for each batch. Throws the system's error with its code.
 */
static napi_value open_socket(napi_env env, napi_callback_info info) {
  napi_value arguments[5], object;
  napi_valuetype type;
  int64_t receive_bytes, send_bytes;
  char text[ADDRESS_TEXT_BYTES];
  size_t length;
  address_t address;
  read_call(env, info, 5, arguments);
  if (napi_get_value_string_utf8(env, arguments[0], text, sizeof text, &length) != napi_ok ||
      napi_typeof(env, arguments[4], &type) != napi_ok || type != napi_function) {
    refuse(env, "an address and a function are needed");
    return NULL;
  }
  const sa_family_t family = strchr(text, ':') == NULL ? AF_INET : AF_INET6;
  if (!read_address(env, family, arguments[0], arguments[1], &address) ||
      !read_integer(env, arguments[2], 0, INT32_MAX, &receive_bytes) ||
      !read_integer(env, arguments[3], 0, INT32_MAX, &send_bytes)) {
    return NULL;
  }
  udp_socket_t *udp = calloc(1, sizeof *udp);
  if (udp == NULL) return throw_system(env, "open", ENOMEM);
  udp->env = env;
  udp->references = 1;
  udp->fd = -1;
  udp->family = family;
  udp->address_bytes = family == AF_INET ? sizeof address.v4 : sizeof address.v6;
  lay_out(udp);
  const int error = bind_socket(udp, &address, (int)receive_bytes, (int)send_bytes);
  const bool is_open = error == 0 && napi_create_object(env, &object) == napi_ok && add_members(udp, object) &&
                       begin(udp, object, arguments[4]);
  if (error != 0) throw_system(env, "bind", error);
  else if (!is_open) refuse(env, "the socket could not be set up");
  if (!is_open && udp->fd >= 0) {
    close(udp->fd);
    udp->fd = -1;
  }
  release(udp);
  return is_open ? object : NULL;
}

NAPI_MODULE_INIT() {
  napi_value version, open;
  if (napi_create_uint32(env, INTERFACE_VERSION, &version) != napi_ok ||
      napi_set_named_property(env, exports, "interfaceVersion", version) != napi_ok ||
      napi_create_function(env, "open", NAPI_AUTO_LENGTH, open_socket, NULL, &open) != napi_ok ||
      napi_set_named_property(env, exports, "open", open) != napi_ok || !add_session_tags(env, exports)) {
    return NULL;
  }
  return exports;
}
