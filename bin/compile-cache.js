// Compiled code, and types that are stripped, are kept between starts: a second start takes half the time. The place is
// Node's own; worker threads and processes that are started from here learn of it by the variable.
// NODE_DISABLE_COMPILE_CACHE=1 turns it off.
import module from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "node-compile-cache");
module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
