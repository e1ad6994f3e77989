// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/action.h"

#include <cstddef>
#include <cstdint>

#include "homeostat/base/check.h"

/// The words of a kubectl command, one a line: whatever they are, what is understood and within its bounds is
/// an object in an allowed namespace, under a name that cannot change the path.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace homeostat;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    json::Array words;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        words.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    const act::KubernetesConfig config{.namespaces = {"shop"}};
    const model::Order order{.id = model::OrderId{"o"},
                             .action = {.kind = model::ActionKind::kubectl, .parameters = {{"args", words}}}};
    const auto action = kubernetes::translate(order, config);
    if (!action) return 0;
    if (const auto* removal = std::get_if<kubernetes::RemovePod>(&*action)) {
        HOMEOSTAT_CHECK(removal->pod.namespace_name == "shop" && kubernetes::is_name(removal->pod.name));
    }
    return 0;
}
