// A named pipe under the names that every system has: Asio's stream_handle, and an acceptor that Asio has not.
// CMake chooses the folder that this comes from.
//
// How pipes differ from sockets, and what is done about it:
//   - There is no listening handle. Every client gets an *instance* of the pipe, so one that nobody has yet must stand
//     ready; the next is made before the one that was just taken is handed over. A client that comes in between is
//     told ERROR_PIPE_BUSY and tries again.
//   - A client that came and went before ConnectNamedPipe() is ERROR_NO_DATA: connection_aborted here.
//   - The first instance is made with FILE_FLAG_FIRST_PIPE_INSTANCE, so that nobody else can have the name, and remote
//     clients are rejected.
//
// Thread rules: the thread that runs the executor. Ownership: the acceptor owns the instance that waits; what it hands
// over is the caller's. A pending accept keeps what it needs alive.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/windows/overlapped_ptr.hpp>
#include <boost/asio/windows/stream_handle.hpp>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"

namespace mercury::platform {

using Stream = boost::asio::windows::stream_handle;

class Acceptor {
 public:
  using executor_type = boost::asio::any_io_executor;

  explicit Acceptor(const executor_type& executor);

  // Makes the pipe's first instance. `sddl`: its security descriptor. Codes: `address_in_use`, `permission_denied`,
  // `io_error`.
  base::Status open(const std::string& path, const std::string& sddl);

  [[nodiscard]] bool is_open() const { return state_ && !state_->path.empty(); }  // false if moved from
  [[nodiscard]] executor_type get_executor() const { return state_->executor; }
  // The instance that waits for a client; to read back its security descriptor.
  [[nodiscard]] void* native_handle() { return state_->next.native_handle(); }

  void cancel(boost::system::error_code& error);
  void close(boost::system::error_code& error);

  // Completes with (error, Stream) when a client has come.
  template <typename Token>
  auto async_accept(Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, Stream)>(
        [state = state_](auto handler) { start(state, std::move(handler)); }, token);
  }

 private:
  struct State {
    explicit State(const executor_type& where) : executor(where), next(where) {}
    executor_type executor;
    Stream next;  // the instance that waits; closed if it could not be made
    std::string path, sddl;
  };

  static boost::system::error_code make_instance(State& state, bool first);
  // True if the operation is under way; otherwise `error` says how it ended.
  static bool connect(State& state, void* overlapped, boost::system::error_code& error);

  template <typename Handler>
  static void start(const std::shared_ptr<State>& state, Handler handler) {
    auto finish = [state, handler = std::move(handler)](boost::system::error_code error, std::size_t) mutable {
      Stream taken(state->executor);
      if (!error) {
        taken = std::move(state->next);
        state->next = Stream(state->executor);
        if (!state->path.empty()) make_instance(*state, false);  // if it fails, the next accept tries and tells
      } else if (error != boost::asio::error::operation_aborted) {
        // What is left of an instance that failed keeps the name until the next one stands, or it would be nobody's.
        const Stream failed = std::move(state->next);
        state->next = Stream(state->executor);
        if (!state->path.empty()) make_instance(*state, false);
      }
      std::move(handler)(error, std::move(taken));
    };
    boost::asio::windows::overlapped_ptr overlapped(state->executor, std::move(finish));
    boost::system::error_code error;
    if (state->path.empty()) {
      error = boost::asio::error::operation_aborted;
    } else if (!state->next.is_open()) {
      error = make_instance(*state, false);
    }
    if (!error && connect(*state, overlapped.get(), error)) {
      overlapped.release();
    } else {
      overlapped.complete(error, 0);
    }
  }

  std::shared_ptr<State> state_;
};

}  // namespace mercury::platform
