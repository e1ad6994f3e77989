// SPDX-License-Identifier: Apache-2.0
#include "homeostat/shop/registry_file.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <vector>

namespace homeostat::shop {
namespace {

constexpr auto kLookInterval = std::chrono::milliseconds(50);

}  // namespace

std::shared_ptr<const actuate::Registry> RegistryFile::current() {
    const std::scoped_lock lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (now - looked_ < kLookInterval) return registry_;
    looked_ = now;
    std::stringstream text;
    text << std::ifstream(path_).rdbuf();
    if (text.str() == seen_) return registry_;
    const auto json = json::parse(text.str());
    auto registry = json ? from_json<actuate::Registry>(*json) : std::unexpected(json.error());
    if (!registry) return registry_;  // not there yet: what was known stays true
    seen_ = text.str();
    registry_ = std::make_shared<actuate::Registry>(*std::move(registry));
    return registry_;
}

std::optional<std::string> RegistryFile::next(const model::ServiceId& service, const std::string& avoid) {
    const auto registry = current();
    const auto entry = registry->services.find(service);
    if (entry == registry->services.end()) return std::nullopt;
    std::vector<const actuate::Endpoint*> routed;
    const actuate::Endpoint* avoided = nullptr;
    for (const auto& instance : entry->second.instances) {
        if (!instance.routed) continue;
        if (instance.address == avoid) {
            avoided = &instance;
        } else {
            routed.push_back(&instance);
        }
    }
    if (!routed.empty()) return routed[turn_++ % routed.size()]->address;
    return avoided != nullptr ? std::optional(avoided->address) : std::nullopt;
}

double RegistryFile::rate_of_one(const model::ServiceId& service) {
    const auto registry = current();
    const auto entry = registry->services.find(service);
    if (entry == registry->services.end()) return 0;
    const auto routed = std::ranges::count(entry->second.instances, true, &actuate::Endpoint::routed);
    return entry->second.rate_rps / static_cast<double>(std::max<std::ptrdiff_t>(routed, 1));
}

}  // namespace homeostat::shop
