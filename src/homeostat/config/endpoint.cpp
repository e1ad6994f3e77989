// SPDX-License-Identifier: Apache-2.0
#include "homeostat/config/endpoint.h"

#include <fmt/format.h>

#include <algorithm>

namespace homeostat::config {
namespace {

bool is_in(std::string_view text, std::string_view allowed) {
    return std::ranges::all_of(text, [allowed](char c) { return allowed.find(c) != std::string_view::npos; });
}

bool is_ipv4_loopback(std::string_view host) {
    return host.starts_with("127.") && std::ranges::count(host, '.') == 3 && is_in(host, "0123456789.");
}

}  // namespace

bool ListenAddress::is_loopback() const {
    return host == "localhost" || host == "::1" || is_ipv4_loopback(host);
}

std::string to_string(const ListenAddress& address) {
    const bool is_ipv6 = address.host.find(':') != std::string::npos;
    return is_ipv6 ? fmt::format("[{}]:{}", address.host, address.port)
                   : fmt::format("{}:{}", address.host, address.port);
}

void Endpoint::check(Findings& findings) const {
    if (!enabled || listen.is_loopback() || (tls && !token_file.empty())) return;
    findings.report("listen",
                    fmt::format("other machines can reach {} and there is no {}", to_string(listen),
                                tls                  ? "token_file"
                                : token_file.empty() ? "tls and no token_file"
                                                     : "tls"),
                    "set both tls and token_file, or listen on 127.0.0.1");
}

}  // namespace homeostat::config

namespace homeostat {

std::optional<config::ListenAddress> TextForm<config::ListenAddress>::parse(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto host = text.substr(0, colon);
    const auto port = TextForm<std::uint16_t>::parse(text.substr(colon + 1));
    const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
    if (bracketed) host = host.substr(1, host.size() - 2);
    const bool is_ipv6 = host.find(':') != std::string_view::npos;
    constexpr std::size_t kHostMax = 253;  // of a DNS name
    if (!port || host.empty() || host.size() > kHostMax || bracketed != is_ipv6) return std::nullopt;
    constexpr std::string_view kHexOrColon = "0123456789abcdefABCDEF:.";
    constexpr std::string_view kNameCharacters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    const auto allowed = is_ipv6 ? kHexOrColon : kNameCharacters;
    if (host.find_first_not_of(allowed) != std::string_view::npos) return std::nullopt;
    return config::ListenAddress{.host = std::string(host), .port = *port};
}

}  // namespace homeostat
