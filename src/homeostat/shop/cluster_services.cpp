// SPDX-License-Identifier: Apache-2.0
#include "homeostat/shop/cluster_services.h"

#include <cstdlib>

namespace homeostat::shop {
namespace {

/// The name of a Service as its variables spell it.
std::string variable_prefix(const std::string& service) {
    std::string prefix;
    for (const char c : service) {
        const bool lower = c >= 'a' && c <= 'z';
        prefix += c == '-' ? '_' : lower ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return prefix + "_SERVICE_";
}

}  // namespace

std::optional<std::string> ClusterServices::next(const model::ServiceId& service,
                                                 const std::string& /*avoid*/) {
    const auto prefix = variable_prefix(service.value());
    // NOLINTBEGIN(concurrency-mt-unsafe): nobody calls setenv
    const char* host = std::getenv((prefix + "HOST").c_str());
    const char* port = std::getenv((prefix + "PORT").c_str());
    // NOLINTEND(concurrency-mt-unsafe)
    if (host == nullptr || port == nullptr) return std::nullopt;
    const std::string address = host;
    return (address.contains(':') ? "[" + address + "]" : address) + ":" + port;
}

}  // namespace homeostat::shop
