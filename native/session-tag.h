/* Session tags for Node: AES-128-GCM over nothing, with the packet before its tag as additional data. */
#ifndef PARLEY_SESSION_TAG_H
#define PARLEY_SESSION_TAG_H

#include <stdbool.h>

#include <node_api.h>

/* Adds makeTagKey, verifyTag and writeTag. Returns false where Node cannot. */
bool add_session_tags(napi_env env, napi_value exports);

#endif
