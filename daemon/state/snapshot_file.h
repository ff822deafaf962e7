// The engine's state in one file, which survives the daemon and is allowed to be nonsense.
//
// A snapshot is written whole (platform/durable_file.h) and read whole. Everything in it is checked while it is
// read: lengths, counts, indices, enumerators, order of buckets. Whatever bytes the file has, decode() gives a state
// that Engine::restore() may trust, or an Error; it never reads past the end and never allocates more than a small
// multiple of the file's size.
//
//   0          8         12       16         24          32
//   ┌──────────┬─────────┬────────┬──────────┬───────────┬───────────┐
//   │ MERCURYS │ u32     │ u32 0  │ u64      │ u64       │ payload   │
//   │          │ version │        │ length   │ checksum  │ `length`  │
//   └──────────┴─────────┴────────┴──────────┴───────────┴───────────┘
//
// Little-endian; the checksum is FNV-1a 64 of the payload. The README of this room says what the payload holds.
//
// Failure codes: `state_damaged`, `state_newer` (written by a later mercuryd), `state_too_large`, and those of
// platform/durable_file.h. Threads: pure functions and one file; any thread, one writer per path at a time.
// Cost: tens of milliseconds for tens of megabytes, and the syncs of a durable file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/engine_state.h"
#include "platform/paths.h"

namespace mercury::state {

inline constexpr std::uint32_t kSnapshotVersion = 1;
inline constexpr std::size_t kSnapshotBytesMax = std::size_t{512} * 1024 * 1024;

std::string encode(const model::EngineState& state);
base::Result<model::EngineState> decode(std::string_view bytes);

// Where the daemon of this address keeps its state: `<directory>/state-<12 hex digits>.mercury`.
std::string snapshot_path(const std::string& directory, const platform::Address& address);

// What `path` holds, for whoever only looks (mercuryctl). Touches nothing.
base::Result<model::EngineState> read_snapshot(const std::string& path);

// What a starting daemon goes on with. No file: nullopt. A damaged one is renamed to `<path>.damaged`, which is
// logged, and gives nullopt. One of a later version is an Error and stays where it is: do not write over it.
base::Result<std::optional<model::EngineState>> load(const std::string& path);

base::Status save(const std::string& path, const model::EngineState& state);

}  // namespace mercury::state
