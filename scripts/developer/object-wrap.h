/*
 * Included before everything else in the SQLite addon, to leave out the cleanup hooks of ObjectWrap. Since 24.19 the
 * ObjectWrap of Node's headers removes a hook whenever an object is garbage-collected, and ends the process if that
 * happens outside of JavaScript (a bug of Node.js: nodejs/node#65446). The addon closes its databases by a hook of its
 * own.
 */
#include <node.h>
#define AddEnvironmentCleanupHook(isolate, hook, object) static_cast<void>(0)
#define RemoveEnvironmentCleanupHook(isolate, hook, object) static_cast<void>(0)
#include <node_object_wrap.h>
#undef AddEnvironmentCleanupHook
#undef RemoveEnvironmentCleanupHook
