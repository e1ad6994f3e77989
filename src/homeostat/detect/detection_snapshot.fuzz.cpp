// SPDX-License-Identifier: Apache-2.0
#include "homeostat/base/hash.h"
#include "homeostat/detect/archive.h"
#include "homeostat/detect/detection.h"

/// Any bytes with a right seal: what lies behind the seal must hold by itself.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace homeostat;
    static const std::string valid = detect::Detection::create({})->snapshot();
    auto detection = *detect::Detection::create({});
    // Magic and the configuration's hash come first; the fuzzer writes the rest.
    const std::size_t head = sizeof(std::size_t) + 18 + sizeof(std::uint64_t);
    std::string bytes = valid.substr(0, head) + std::string(reinterpret_cast<const char*>(data), size);
    detect::Writer seal;
    seal(hash64(bytes));
    bytes += seal.take();
    (void)detection.restore(bytes);
    return 0;
}
