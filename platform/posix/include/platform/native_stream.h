// Asio's types of a Unix socket, under the names that every system has. CMake chooses the folder that this comes from.
#pragma once

#include <boost/asio/local/stream_protocol.hpp>

namespace mercury::platform {

using Stream = boost::asio::local::stream_protocol::socket;
using Acceptor = boost::asio::local::stream_protocol::acceptor;

}  // namespace mercury::platform
