/* AES-128-GCM for Node: session tags, which are over nothing with the packet before as additional data, and the seals of voice. */
#ifndef PARLEY_SESSION_TAG_H
#define PARLEY_SESSION_TAG_H

#include <stdbool.h>

#include <node_api.h>

/* Adds makeTagKey, verifyTag, writeTag, sealVoice and openVoice. Returns false where Node cannot. */
bool add_session_tags(napi_env env, napi_value exports);

#endif
