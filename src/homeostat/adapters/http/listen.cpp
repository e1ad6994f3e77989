// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/http/listen.h"

#include <boost/asio/error.hpp>
#include <charconv>
#include <cstdint>

namespace homeostat::http {

namespace asio = boost::asio;

Result<asio::ip::tcp::endpoint> parse_listen(const std::string& text) {
    const auto wrong = [&] {
        return fail(ErrorCode::invalid_argument,
                    "'" + text + "' is no listen address: write address:port, such as 127.0.0.1:4318");
    };
    const auto colon = text.rfind(':');
    if (colon == std::string::npos) return wrong();
    std::string host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    std::uint16_t port = 0;
    const char* end = text.data() + text.size();
    const auto [stop, status] = std::from_chars(text.data() + colon + 1, end, port);
    boost::system::error_code error;
    const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
    if (error || status != std::errc{} || stop != end) return wrong();
    return asio::ip::tcp::endpoint(address, port);
}

Error listen_error(const std::string& listen, const boost::system::error_code& error) {
    if (error == asio::error::address_in_use) {
        return {ErrorCode::failed_precondition, "cannot listen on " + listen +
                                                    ": the port is in use; stop the program that has it or "
                                                    "set another listen address"};
    }
    if (error == asio::error::access_denied) {
        return {ErrorCode::permission_denied,
                "cannot listen on " + listen + ": ports below 1024 need rights; choose a higher one"};
    }
    return {ErrorCode::invalid_argument, "cannot listen on " + listen + ": " + error.message()};
}

}  // namespace homeostat::http
