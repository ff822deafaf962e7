#include "state/snapshot_writer.h"

#include <cassert>
#include <chrono>
#include <new>
#include <system_error>

#include "state/snapshot_file.h"

namespace mercury::state {
namespace {

base::Status save_here(const std::string& path, const model::EngineState& state) {
  try {
    return save(path, state);
  } catch (const std::bad_alloc&) {
    return base::Error{"out_of_memory", "no memory to encode the snapshot " + path};
  }
}

}  // namespace

void SnapshotWriter::start(model::EngineState state) {
  assert(!busy());
  try {
    outcome_ =
        std::async(std::launch::async, [path = path_, state = std::move(state)] { return save_here(path, state); });
  } catch (const std::system_error& error) {
    std::promise<base::Status> refused;
    refused.set_value(base::Error{"io_error", std::string("cannot start a thread for the snapshot: ") + error.what()});
    outcome_ = refused.get_future();
  }
}

std::optional<base::Status> SnapshotWriter::finished() {
  if (!busy() || outcome_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return std::nullopt;
  return outcome_.get();
}

base::Status SnapshotWriter::write(const model::EngineState& state) {
  if (busy()) static_cast<void>(outcome_.get());  // whatever came of it, this state is newer
  return save_here(path_, state);
}

}  // namespace mercury::state
