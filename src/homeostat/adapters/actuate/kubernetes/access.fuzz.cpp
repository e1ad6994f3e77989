// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/access.h"

#include <cstddef>
#include <cstdint>

#include "homeostat/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace homeostat::kubernetes;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto access = parse_kubeconfig(text, "", "/nonexistent");
    if (access) HOMEOSTAT_CHECK(access->server.starts_with("https://"));
    return 0;
}
