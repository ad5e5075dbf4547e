/* Datagrams of a socket that are sealed for each receiver, as Mumble's clients take them. */
#ifndef PARLEY_SEALED_UDP_H
#define PARLEY_SEALED_UDP_H

#include "udp-socket.h"

/* Adds setSeal, removeSeal, open, sendSealed, resynchronize, sealNonce and sealCounters. Returns false where Node cannot. */
bool add_seals(udp_socket_t *udp, napi_value object);
void free_seals(udp_socket_t *udp);

#endif
