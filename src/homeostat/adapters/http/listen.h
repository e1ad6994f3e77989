// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "homeostat/base/result.h"

namespace homeostat::http {

/// Reads `address:port`. Errors: `invalid_argument`. Part of server.cpp, which alone includes this header.
[[nodiscard]] Result<boost::asio::ip::tcp::endpoint> parse_listen(const std::string& text);

/// Why the server cannot listen on the address, and the cure.
[[nodiscard]] Error listen_error(const std::string& listen, const boost::system::error_code& error);

}  // namespace homeostat::http
