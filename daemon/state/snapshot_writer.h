// Writes snapshots beside the loop: encoding and syncing may take a second, and no unit waits for a disk.
//
//   writer.start(engine.save(now));                 the copy is taken on the loop, the rest happens on a thread
//   if (auto written = writer.finished()) …         asked now and then; gives each outcome once
//   writer.write(engine.save(now));                 at the end: waits for the thread, then writes on this one
//
// There is never more than one write at a time, so an older state cannot replace a newer one.
//
// Threads: one caller (the loop); it starts one thread for each start(). Ownership: the destructor waits for it.
// Failure codes: those of snapshot_file.h, and `out_of_memory`.
#pragma once

#include <future>
#include <optional>
#include <string>

#include "base/result.h"
#include "model/engine_state.h"

namespace mercury::state {

class SnapshotWriter {
 public:
  explicit SnapshotWriter(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] bool busy() const { return outcome_.valid(); }
  // Precondition: not busy().
  void start(model::EngineState state);
  // What became of the write that start() began, once it is over; then it is no longer busy().
  std::optional<base::Status> finished();
  base::Status write(const model::EngineState& state);

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::future<base::Status> outcome_;
};

}  // namespace mercury::state
